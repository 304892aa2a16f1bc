using Appliance.Controller.Http.Policies;

namespace Appliance.Controller.Http;

/// <summary>Puts route tables on the web server: one endpoint per path and method, and a service-worded answer for everything else below a prefix.</summary>
internal static class ApiEndpoints
{
    /// <summary>All operations of the services, in table order.</summary>
    public static List<ApiOperation> Collect(IEnumerable<ApiService> services) =>
        [.. services.SelectMany(static service =>
        {
            var routes = new ApiRoutes(service);
            service.Map(routes);
            return routes.Operations;
        })];

    /// <exception cref="InvalidOperationException">An operation has no policy, or one that does not exist: it must not be served.</exception>
    public static void CheckPolicies(IEnumerable<ApiOperation> operations, PolicyEngine policy)
    {
        foreach (var operation in operations)
        {
            if (operation.IsPublic)
                continue;
            if (operation.Rule is null)
                throw new InvalidOperationException($"{operation}: no policy; name one with Allow, or Public");
            if (!policy.Knows(operation.Service.Name, operation.Rule))
                throw new InvalidOperationException($"{operation}: there is no policy {operation.Service.Name} {operation.Rule}");
        }
    }

    public static void Map(IEndpointRouteBuilder endpoints, IReadOnlyList<ApiOperation> operations, IEnumerable<ApiService> services, ApiGate gate)
    {
        // Routing takes a path with and without a final slash for the same: so do these two groupings.
        foreach (var same in operations.GroupBy(static operation => (operation.Method, Pattern: PathOf(operation))))
        {
            var (service, choices) = (same.First().Service, same.ToArray());
            endpoints.MapMethods(same.Key.Pattern, [same.Key.Method], http => gate.RunAsync(http, service, choices));
        }

        foreach (var service in services)
            MapOtherMethods(endpoints, operations, service, gate);
    }

    /// <summary>
    /// Answers what no endpoint matched, in the words of the service whose prefix it has. Not an endpoint itself: beside a pattern that
    /// matches everything, routing would choose between two for every request, and make objects for that.
    /// </summary>
    public static RequestDelegate Otherwise(IReadOnlyList<ApiService> services, ApiGate gate) => http =>
    {
        foreach (var service in services)
        {
            if (http.Request.Path.StartsWithSegments(service.Prefix, StringComparison.OrdinalIgnoreCase))
                return gate.RefuseAsync(http, service, new Fault(FaultKind.NotFound, "The resource could not be found."));
        }

        http.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    };

    private static void MapOtherMethods(IEndpointRouteBuilder endpoints, IReadOnlyList<ApiOperation> operations, ApiService service, ApiGate gate)
    {
        foreach (var pattern in operations.Where(operation => operation.Service == service).GroupBy(PathOf))
        {
            var allowed = string.Join(", ", pattern.Select(static operation => operation.Method).Distinct().Order());
            var missing = Methods.Except(pattern.Select(static operation => operation.Method)).ToArray();
            if (missing.Length == 0)
                continue;
            endpoints.MapMethods(pattern.Key, missing, http =>
            {
                http.Response.Headers.Allow = allowed;
                return gate.RefuseAsync(http, service, new Fault(FaultKind.MethodNotAllowed,
                    $"The method {http.Request.Method} is not allowed for this resource. Allowed: {allowed}."));
            });
        }
    }

    private static string PathOf(ApiOperation operation) => operation.Pattern.TrimEnd('/');

    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "COPY"];
}
