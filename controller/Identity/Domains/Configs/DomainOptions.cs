namespace Appliance.Controller.Identity.Domains.Configs;

/// <summary>
/// The options a domain can have of its own, with Keystone's defaults as JSON. Sensitive ones are taken and never shown.
/// Source: keystone/resource/core.py, DomainConfigManager; keystone/conf/ldap.py, keystone/conf/identity.py.
/// </summary>
internal static class DomainOptions
{
    private static readonly Dictionary<string, (string Name, string Default)[]> Shown = new(StringComparer.Ordinal)
    {
        ["identity"] = [("driver", "\"sql\""), ("list_limit", "null")],
        ["ldap"] =
        [
            ("url", "\"ldap://localhost\""), ("user", "null"), ("suffix", "\"cn=example,cn=com\""), ("query_scope", "\"one\""), ("page_size", "0"),
            ("alias_dereferencing", "\"default\""), ("debug_level", "null"), ("chase_referrals", "null"), ("user_tree_dn", "null"),
            ("user_filter", "null"), ("user_objectclass", "\"inetOrgPerson\""), ("user_id_attribute", "\"cn\""), ("user_name_attribute", "\"sn\""),
            ("user_mail_attribute", "\"mail\""), ("user_description_attribute", "\"description\""), ("user_pass_attribute", "\"userPassword\""),
            ("user_enabled_attribute", "\"enabled\""), ("user_enabled_invert", "false"), ("user_enabled_mask", "0"),
            ("user_enabled_default", "\"True\""), ("user_attribute_ignore", "[\"default_project_id\"]"), ("user_default_project_id_attribute", "null"),
            ("user_enabled_emulation", "false"), ("user_enabled_emulation_dn", "null"), ("user_enabled_emulation_use_group_config", "false"),
            ("user_additional_attribute_mapping", "[]"), ("group_tree_dn", "null"), ("group_filter", "null"), ("group_objectclass", "\"groupOfNames\""),
            ("group_id_attribute", "\"cn\""), ("group_name_attribute", "\"ou\""), ("group_members_are_ids", "false"),
            ("group_member_attribute", "\"member\""), ("group_desc_attribute", "\"description\""), ("group_attribute_ignore", "[]"),
            ("group_additional_attribute_mapping", "[]"), ("tls_cacertfile", "null"), ("tls_cacertdir", "null"), ("use_tls", "false"),
            ("tls_req_cert", "\"demand\""), ("use_pool", "true"), ("pool_size", "10"), ("pool_retry_max", "3"), ("pool_retry_delay", "0.1"),
            ("pool_connection_timeout", "-1"), ("pool_connection_lifetime", "600"), ("use_auth_pool", "true"), ("auth_pool_size", "100"),
            ("auth_pool_connection_lifetime", "60"),
        ],
    };

    // Upstream takes these from files only.
    private static readonly Dictionary<string, (string Name, string Default)[]> InFilesOnly = new(StringComparer.Ordinal)
    {
        ["ldap"] = [("randomize_urls", "false"), ("connection_timeout", "-1"), ("group_ad_nesting", "false")],
    };

    public static IEnumerable<string> Groups => Shown.Keys;

    public static bool IsGroup(string group) => Shown.ContainsKey(group);

    public static bool IsSensitive(string group, string option) => group == "ldap" && option == "password";

    public static bool IsOption(string group, string option) => IsSensitive(group, option) || FindDefault(group, option) is not null;

    /// <summary>Null: there is no such option, or it is never shown.</summary>
    public static string? FindDefault(string group, string option) =>
        Array.Find(Shown[group], shown => shown.Name == option) is { Name: not null } found ? found.Default : null;

    /// <summary>The default of an option that a file can set and the API cannot; null: there is none.</summary>
    public static string? FindFileDefault(string group, string option) =>
        InFilesOnly.TryGetValue(group, out var options) && Array.Find(options, one => one.Name == option) is { Name: not null } found ? found.Default : null;

    /// <summary>All that a file can set.</summary>
    public static IEnumerable<string> FileOptions(string group) =>
        [.. Shown[group].Concat(InFilesOnly.GetValueOrDefault(group, [])).Select(static option => option.Name), .. group == "ldap" ? ["password"] : Array.Empty<string>()];

    public static IEnumerable<DomainOption> Defaults(string group) => Shown[group].Select(option => new DomainOption(group, option.Name, option.Default));
}

/// <param name="Value">JSON.</param>
internal sealed record DomainOption(string Group, string Name, string Value);
