namespace Appliance.Controller.Identity.Settings;

/// <summary><c>[oauth2]</c>. Source: keystone/conf/oauth2.py.</summary>
internal sealed record OAuth2Settings
{
    public const string ByCertificate = "tls_client_auth";
    public const string BySecret = "client_secret_basic";

    private static readonly string[] Known = [ByCertificate, BySecret];

    /// <summary>How clients may prove themselves.</summary>
    public IReadOnlyList<string> AuthenticationMethods { get; init; } = Known;

    /// <summary>The mapping that says whose a certificate is, by the names in it.</summary>
    public string CertificateMappingId { get; init; } = "oauth2_mapping";

    /// <exception cref="FormatException">A method is none of the two.</exception>
    public static OAuth2Settings Read(SettingsSection section)
    {
        var methods = section.Text("oauth2_authn_methods")?.Split([',', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? Known;
        if (methods.FirstOrDefault(static method => !Known.Contains(method)) is { } unknown)
            throw new FormatException($"[oauth2] oauth2_authn_methods: '{unknown}' is none of {string.Join(", ", Known)}");
        return new OAuth2Settings { AuthenticationMethods = methods, CertificateMappingId = section.Text("oauth2_cert_dn_mapping_id") ?? "oauth2_mapping" };
    }
}
