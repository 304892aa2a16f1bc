namespace Appliance.Controller.Identity.Catalog;

/// <summary>
/// Values in endpoint URLs, written <c>$(name)s</c> or <c>%(name)s</c>. <c>public_endpoint</c> is the address this controller is reached
/// by: its own endpoints are stored that way, so that they follow the listener a client came through.
/// Source: keystone/common/utils.py, format_url; keystone/conf/catalog.py.
/// </summary>
internal static class EndpointUrl
{
    public const string PublicEndpoint = "$(public_endpoint)s";

    /// <summary>Null: the URL names a project and there is none.</summary>
    public static string? Resolve(string template, string baseUrl, string? projectId, string userId)
    {
        var url = WithBase(template, baseUrl);
        if (!url.Contains(")s", StringComparison.Ordinal))
            return url;
        if (projectId is null && (Has(url, "project_id") || Has(url, "tenant_id")))
            return null;
        return Put(Put(Put(url, "project_id", projectId ?? ""), "tenant_id", projectId ?? ""), "user_id", userId);
    }

    /// <summary>With only this controller's own address filled in, as lists of endpoints show it.</summary>
    public static string WithBase(string template, string baseUrl) => Put(template, "public_endpoint", baseUrl);

    private static bool Has(string url, string name) =>
        url.Contains($"$({name})s", StringComparison.Ordinal) || url.Contains($"%({name})s", StringComparison.Ordinal);

    private static string Put(string url, string name, string value) => Has(url, name)
        ? url.Replace($"$({name})s", value, StringComparison.Ordinal).Replace($"%({name})s", value, StringComparison.Ordinal)
        : url;
}
