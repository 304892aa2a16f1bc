namespace Appliance.Controller.Identity.Settings;

/// <summary>
/// What an operator may change about Identity, under the names of Keystone's own configuration file: a section is a property, an option a
/// property of it. Defaults are Keystone's. Source: keystone/conf.
/// </summary>
internal sealed record IdentitySettings
{
    public IdentityDriverSettings Drivers { get; init; } = new();
    public SecurityCompliance SecurityCompliance { get; init; } = new();
    public UnifiedLimitSettings UnifiedLimit { get; init; } = new();
    public TrustSettings Trust { get; init; } = new();
    public FederationSettings Federation { get; init; } = new();
    public SamlSettings Saml { get; init; } = new();
    public OAuth2Settings OAuth2 { get; init; } = new();

    /// <summary>Reads a file in Keystone's form.</summary>
    /// <exception cref="FormatException">The file is malformed, or sets an option there is not, or one to a value it cannot have.</exception>
    public static IdentitySettings Load(string path)
    {
        using var text = new StreamReader(path);
        return Read(SettingsFile.Read(text, path));
    }

    /// <exception cref="FormatException">As for <see cref="Load"/>.</exception>
    public static IdentitySettings Read(SettingsFile file)
    {
        var settings = new IdentitySettings
        {
            Drivers = IdentityDriverSettings.Read(file.Section("identity")),
            SecurityCompliance = SecurityCompliance.Read(file.Section("security_compliance")),
            UnifiedLimit = UnifiedLimitSettings.Read(file.Section("unified_limit")),
            Trust = TrustSettings.Read(file.Section("trust")),
            Saml = SamlSettings.Read(file.Section("saml")),
            Federation = FederationSettings.Read(file),
            OAuth2 = OAuth2Settings.Read(file.Section("oauth2")),
        };
        file.CheckAllRead();
        return settings;
    }
}

/// <summary><c>[unified_limit]</c></summary>
internal sealed record UnifiedLimitSettings
{
    public const string Flat = "flat";
    public const string StrictTwoLevel = "strict_two_level";

    /// <summary><see cref="Flat"/> or <see cref="StrictTwoLevel"/>.</summary>
    public string EnforcementModel { get; init; } = Flat;

    public static UnifiedLimitSettings Read(SettingsSection section) =>
        new() { EnforcementModel = section.Choice("enforcement_model", Flat, StrictTwoLevel) };
}

/// <summary><c>[trust]</c></summary>
internal sealed record TrustSettings
{
    /// <summary>Longest chain of trusts made from trusts.</summary>
    public int MaxRedelegationCount { get; init; } = 3;

    public static TrustSettings Read(SettingsSection section) => new() { MaxRedelegationCount = section.Integer("max_redelegation_count", 0) ?? 3 };
}
