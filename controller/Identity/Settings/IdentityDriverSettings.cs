namespace Appliance.Controller.Identity.Settings;

/// <summary><c>[identity]</c>: where users come from. Source: keystone/conf/identity.py.</summary>
internal sealed record IdentityDriverSettings
{
    /// <summary>Domains may have drivers of their own: directories.</summary>
    public bool DomainSpecificDriversEnabled { get; init; }

    /// <summary>Their options are those stored through the API; else those in <see cref="DomainConfigDir"/>.</summary>
    public bool DomainConfigurationsFromDatabase { get; init; }

    public string DomainConfigDir { get; init; } = "/etc/keystone/domains";

    /// <summary>How long a token may live on what its user's directory said before. Off (<c>caching = false</c>): zero.</summary>
    public TimeSpan CacheTime { get; init; } = TimeSpan.FromSeconds(600);

    /// <summary>Most users or groups in one list, unless a domain says otherwise for its directory; null: no limit.</summary>
    public int? ListLimit { get; init; }

    public static IdentityDriverSettings Read(SettingsSection section)
    {
        var cacheTime = TimeSpan.FromSeconds(section.Integer("cache_time", 0) ?? 600);
        return new IdentityDriverSettings
        {
            DomainSpecificDriversEnabled = section.Flag("domain_specific_drivers_enabled", false),
            DomainConfigurationsFromDatabase = section.Flag("domain_configurations_from_database", false),
            DomainConfigDir = section.Text("domain_config_dir") ?? "/etc/keystone/domains",
            CacheTime = section.Flag("caching", true) ? cacheTime : TimeSpan.Zero,
            ListLimit = section.Integer("list_limit", 1),
        };
    }
}
