using System.Net;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Policies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Appliance.Controller.Tests.Http;

/// <summary>That nothing is served beside the route table, that nothing in it is open by oversight, and that what checks it can fail.</summary>
public class RouteTableTests
{
    // Endpoints that are no operation of an API: the nodes' link, by certificates and join tokens, and consoles, by tokens in their addresses.
    private static readonly string[] Others =
    [
        "/link", "/link/ca", "/link/enrol", "/link/renew", "/compute/serial",
    ];

    // Grows only with an operation that upstream answers to anybody.
    private static readonly string[] Public =
    [
        "GET /compute", "GET /compute/v2.1", "GET /identity", "GET /identity/v3",
        "GET /identity/v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}/auth",
        "GET /identity/v3/OS-SIMPLE-CERT/ca", "GET /identity/v3/OS-SIMPLE-CERT/certificates",
        "GET /image", "GET /image/", "GET /image/versions", "GET /network", "GET /network/v2.0", "GET /placement", "HEAD /identity", "HEAD /identity/v3",
        "HEAD /identity/v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}/auth",
        "HEAD /identity/v3/OS-SIMPLE-CERT/ca", "HEAD /identity/v3/OS-SIMPLE-CERT/certificates",
        "POST /identity/v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}/auth",
        "POST /identity/v3/OS-OAUTH1/access_token", "POST /identity/v3/OS-OAUTH1/request_token", "POST /identity/v3/OS-OAUTH2/token",
        "POST /identity/v3/auth/tokens", "POST /identity/v3/users/{user_id}/password",
        "GET /identity/v3/OS-FEDERATION/saml2/metadata",
        "HEAD /identity/v3/OS-FEDERATION/saml2/metadata",
        "GET /identity/v3/auth/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}/websso",
        "GET /identity/v3/auth/OS-FEDERATION/websso/{protocol_id}",
        "HEAD /identity/v3/auth/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}/websso",
        "HEAD /identity/v3/auth/OS-FEDERATION/websso/{protocol_id}",
        "POST /identity/v3/auth/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}/websso",
        "POST /identity/v3/auth/OS-FEDERATION/websso/{protocol_id}",
        "POST /identity/v3/auth/OS-FEDERATION/saml2",
        "POST /identity/v3/auth/OS-FEDERATION/saml2/ecp",
    ];

    [Fact]
    public async Task Everything_that_is_served_is_in_the_table_or_named_here()
    {
        await using var cloud = await TestCloud.StartAsync();
        var known = ApiEndpoints.Collect(cloud.Host.Services.All).Select(static operation => operation.Pattern.TrimEnd('/'))
            .Concat(Others).ToHashSet(StringComparer.Ordinal);
        var served = cloud.Host.Endpoints.OfType<RouteEndpoint>().Select(static endpoint => "/" + endpoint.RoutePattern.RawText!.Trim('/'));
        Assert.Empty(served.Where(path => !known.Contains(path)).Distinct());
    }

    [Fact]
    public async Task Nothing_is_open_to_anybody_but_what_is_named_here()
    {
        await using var cloud = await TestCloud.StartAsync();
        var open = ApiEndpoints.Collect(cloud.Host.Services.All).Where(static operation => operation.IsPublic).Select(static operation => operation.ToString());
        Assert.Equal(Public.Order(StringComparer.Ordinal), open.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(true, "no policy")]
    [InlineData(false, "there is no policy")]
    public void An_operation_without_a_policy_or_with_one_that_does_not_exist_is_not_served(bool isForgotten, string words)
    {
        var operation = Assert.Single(ApiEndpoints.Collect([new Service(routes =>
        {
            var added = routes.Get("/x", Service.Answer);
            if (!isForgotten)
                added.Allow("nobody:defined_this");
        })]));
        Assert.Contains(words, Assert.Throws<InvalidOperationException>(() => ApiEndpoints.CheckPolicies([operation], new PolicyEngine())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_checks_of_every_operation_find_what_is_open_and_what_breaks()
    {
        var service = new Service(static routes =>
        {
            routes.Post("/good", Service.Answer).Allow("context_is_admin");
            routes.Post("/open", Service.Answer).Allow("context_is_admin");
            routes.Post("/breaks", static async (request, ct) => (await request.ReadJsonAsync(ct)).Value.GetProperty("a").GetString() is null
                ? ApiResult.NoContent
                : ApiResult.NoContent).Allow("context_is_admin");
            routes.Get("/queried", static (request, _) => Task.FromResult(ApiResult.Status(int.Parse(
                request.QueryValue("limit") ?? "200", System.Globalization.CultureInfo.InvariantCulture) > 0 ? 200 : 204))).Allow("context_is_admin");
        });
        await using var app = await ServeAsync(service);
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        var operations = ApiEndpoints.Collect([service]);

        Assert.All(await EveryOperationTests.FindOpenAsync(http, operations), static line => Assert.StartsWith("POST /test/open", line, StringComparison.Ordinal));
        Assert.Equal(5, (await EveryOperationTests.FindOpenAsync(http, operations)).Count);
        var broken = await EveryOperationTests.FindBrokenByBodyAsync(http, operations, "right");
        Assert.NotEmpty(broken);
        Assert.All(broken, static line => Assert.StartsWith("POST /test/breaks", line, StringComparison.Ordinal));
        var queried = await EveryOperationTests.FindBrokenByQueryAsync(http, operations, "right");
        Assert.NotEmpty(queried);
        Assert.All(queried, static line => Assert.StartsWith("GET /test/queried", line, StringComparison.Ordinal));
    }

    private static async Task<WebApplication> ServeAsync(Service service)
    {
        var web = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        web.Services.AddRoutingCore().AddLogging();
        web.WebHost.UseKestrelCore().ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = web.Build();
        var policy = new PolicyEngine();
        policy.AddDefaults(service.Name, new StringReader(""));
        var operations = ApiEndpoints.Collect([service]).Where(static operation => !operation.Pattern.EndsWith("/open", StringComparison.Ordinal)).ToList();
        app.UseRouting();
        // Past the gate, as no operation of the table can be.
        app.MapPost("/test/open", (RequestDelegate)(static http => http.Response.WriteAsync("{}", http.RequestAborted)));
        ApiEndpoints.Map(app, operations, [service], new ApiGate(new OneToken(), policy, NullLogger<ApiGate>.Instance));
        app.UseEndpoints(static _ => { });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    private sealed class Service(Action<ApiRoutes> map) : ApiService
    {
        public override string Name => "test";
        public override string Prefix => "/test";
        public override void Map(ApiRoutes routes) => map(routes);

        public override async Task WriteFaultAsync(HttpContext http, Fault fault, CancellationToken ct)
        {
            http.Response.StatusCode = fault.Kind switch { FaultKind.Unauthorized => 401, FaultKind.Internal => 500, _ => 400 };
            http.Response.ContentType = "application/json";
            await http.Response.WriteAsync("{}", ct);
        }

        public static Task<ApiResult> Answer(ApiRequest request, CancellationToken ct) => Task.FromResult(ApiResult.NoContent);
    }

    private sealed class OneToken : ITokenValidator
    {
        public ValueTask<Caller?> FindCallerAsync(string token, CancellationToken ct) => new(token == "right"
            ? new Caller("u", "u", "d", "p", "p", "d", null, false, ["admin"], token, DateTimeOffset.MaxValue)
            : null);
    }
}
