using Appliance.Controller.Identity.Federation.WebLogins;

namespace Appliance.Controller.Identity.Settings;

/// <summary><c>[federation]</c>. Source: keystone/conf/federation.py; clients are what mod_auth_openidc is told in front of Keystone.</summary>
internal sealed record FederationSettings
{
    /// <summary>
    /// <c>bearer_audiences</c>, apart by commas: whom OpenID providers' tokens must be for (<c>aud</c>) to log in with here. None: nobody logs
    /// in with one. An option of our own.
    /// </summary>
    public IReadOnlyList<string> BearerAudiences { get; init; } = [];

    /// <summary><c>trusted_dashboard</c>, as often as there are dashboards: the only places that a web login sends a token to.</summary>
    public IReadOnlyList<string> TrustedDashboards { get; init; } = [];

    /// <summary><c>sso_callback_template</c>: a file with the page that sends the token; null: one of our own.</summary>
    public DashboardTemplate? CallbackTemplate { get; init; }

    /// <summary>
    /// <c>openid_clients</c>, apart by commas: identity providers that people log in at with their browser, each with a section
    /// <c>[openid:{id}]</c>. Options of our own.
    /// </summary>
    public IReadOnlyList<OpenIdClientSettings> Clients { get; init; } = [];

    public static FederationSettings Read(SettingsFile file)
    {
        var section = file.Section("federation");
        return new FederationSettings
        {
            BearerAudiences = section.List("bearer_audiences"),
            TrustedDashboards = section.Texts("trusted_dashboard"),
            CallbackTemplate = section.Text("sso_callback_template") is { } path ? DashboardTemplate.Load(path) : null,
            Clients = [.. section.List("openid_clients").Distinct().Select(id => OpenIdClientSettings.Read(id, file.Section($"openid:{id}")))],
        };
    }
}

/// <summary><c>[openid:{id}]</c>: what this site is to an OpenID provider.</summary>
/// <param name="ProviderId">The identity provider of <c>OS-FEDERATION</c>.</param>
/// <param name="Issuer">Which of its remote ids to go to; null: the first that is a URL.</param>
/// <param name="ClientSecret">Never shown. Null: a public client, which only PKCE protects.</param>
/// <param name="Scope">Apart by spaces; holds <c>openid</c>.</param>
internal sealed record OpenIdClientSettings(string ProviderId, string? Issuer, string ClientId, string? ClientSecret, string Scope)
{
    private const string DefaultScope = "openid email profile";

    /// <exception cref="FormatException"><c>client_id</c> is missing, or a scope without <c>openid</c>.</exception>
    public static OpenIdClientSettings Read(string providerId, SettingsSection section)
    {
        var scope = section.Text("scope") ?? DefaultScope;
        if (!scope.Split(' ').Contains("openid"))
            throw new FormatException($"[openid:{providerId}]: scope: '{scope}' is without openid");
        return new OpenIdClientSettings(
            providerId, section.Text("issuer"), section.Text("client_id") ?? throw new FormatException($"[openid:{providerId}]: client_id is missing"),
            section.Text("client_secret"), scope);
    }

    // A record prints its members: the secret must not reach a log that way.
    public override string ToString() => $"client {ClientId} of {ProviderId}";
}
