using Appliance.Controller.Http;
using Appliance.Controller.Http.Policies;
using Appliance.Controller.Identity.Directories;

namespace Appliance.Controller.Identity;

/// <summary>What the routes of every resource of Identity use.</summary>
internal sealed record IdentityContext(
    IdentityDatabase Database, DomainDirectories Directories, PolicyEngine Policy, TimeProvider Clock, ControllerOptions Options)
{
    /// <summary>Scheme and host as the client is to see them, without a trailing slash.</summary>
    public string BaseUrl(ApiRequest request) => Options.PublicUrl ?? $"{request.Http.Request.Scheme}://{request.Http.Request.Host}";

    /// <summary>Where links of this API begin.</summary>
    public string V3Url(ApiRequest request) => BaseUrl(request) + "/identity/v3";

    /// <summary>The request's own address with its query.</summary>
    public string SelfUrl(ApiRequest request) => $"{BaseUrl(request)}{request.Http.Request.Path}{request.Http.Request.QueryString}";

    /// <summary>Asks a rule about what is named by <paramref name="attributes"/>; null when allowed.</summary>
    public Fault? Check(ApiRequest request, string rule, params ReadOnlySpan<(string Name, string? Value)> attributes)
    {
        var values = new Dictionary<string, string?>(attributes.Length, StringComparer.Ordinal);
        foreach (var (name, value) in attributes)
            values[name] = value;
        return Policy.Check("keystone", rule, request.Caller, new PolicyTarget(null, null, values));
    }
}

/// <summary>Routes that answer GET and HEAD alike, as all of Keystone's do.</summary>
internal static class ReadRoutes
{
    public static void Read(this ApiRoutes routes, string path, string rule, ApiHandler handler, PolicyTargetFinder? find = null)
    {
        foreach (var operation in new[] { routes.Get(path, handler), routes.Head(path, handler) })
        {
            if (find is null)
                operation.Allow(rule);
            else
                operation.Allow(rule, find);
        }
    }

    /// <summary>The same where the handler asks the rule.</summary>
    public static void ReadAsking(this ApiRoutes routes, string path, string rule, ApiHandler handler)
    {
        routes.Get(path, handler).AllowInHandler(rule);
        routes.Head(path, handler).AllowInHandler(rule);
    }
}
