namespace Appliance.Controller.Http.Policies;

/// <summary>
/// The rules that hold when the operator says nothing. <c>defaults.tsv</c> names the least role of every documented operation of every
/// service; each becomes a rule over the aliases that upstream's policy files use, so that overrides written for them work here.
/// </summary>
internal static class PolicyDefaults
{
    private static readonly (string Name, string Text)[] Aliases =
    [
        ("admin_required", "role:admin or is_admin:1"),
        ("context_is_admin", "rule:admin_required"),
        ("admin_api", "rule:admin_required"),
        ("admin_only", "rule:admin_required"),
        ("owner", "user_id:%(user_id)s"),
        ("admin_or_owner", "rule:admin_required or project_id:%(project_id)s"),
        ("service_api", "role:service"),
        ("service_role", "role:service"),
        ("service_or_admin", "rule:admin_required or rule:service_role"),
        ("system_reader", "role:reader and system_scope:all"),
        ("system_admin_api", "role:admin and system_scope:all"),
        ("project_manager_api", "role:manager and project_id:%(project_id)s"),
        ("project_member_api", "role:member and project_id:%(project_id)s"),
        ("project_reader_api", "role:reader and project_id:%(project_id)s"),
        ("project_manager_or_admin", "rule:project_manager_api or rule:admin_required"),
        ("project_member_or_admin", "rule:project_member_api or rule:admin_required"),
        ("project_reader_or_admin", "rule:project_reader_api or rule:admin_required"),
        ("user_or_admin", "rule:owner or rule:admin_required"),
    ];

    /// <summary>All services' rules, aliases included.</summary>
    public static Dictionary<string, Dictionary<string, PolicyRule>> Read()
    {
        using var stream = typeof(PolicyDefaults).Assembly.GetManifestResourceStream("policies.tsv")!;
        using var reader = new StreamReader(stream);
        var services = new Dictionary<string, Dictionary<string, PolicyRule>>(StringComparer.Ordinal);
        reader.ReadLine();      // column names
        while (reader.ReadLine() is { } line)
        {
            var columns = line.Split('\t');
            if (!services.TryGetValue(columns[0], out var rules))
                services.Add(columns[0], rules = CreateAliases());
            rules[columns[1]] = PolicyRule.Parse(columns[1], RuleFor(columns[2]), PolicyRule.Default);
        }

        return services;
    }

    /// <summary>The rules that every service has for others to refer to.</summary>
    public static Dictionary<string, PolicyRule> CreateAliases() => Aliases.ToDictionary(
        static alias => alias.Name, static alias => PolicyRule.Parse(alias.Name, alias.Text, PolicyRule.Default), StringComparer.Ordinal);

    private static string RuleFor(string leastRole) => leastRole switch
    {
        "" or "any" => "@",
        "nobody" => "!",
        "admin" => "rule:admin_required",
        "manager" => "rule:project_manager_or_admin",
        "member" => "rule:project_member_or_admin",
        "reader" => "rule:project_reader_or_admin",
        "service" => "rule:service_or_admin",
        "owner" => "rule:user_or_admin",
        _ => throw new FormatException($"policies.tsv: '{leastRole}' is no least role"),
    };
}
