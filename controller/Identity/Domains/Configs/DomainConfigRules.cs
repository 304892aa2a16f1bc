using System.Text.Json;
using Appliance.Controller.Http;

namespace Appliance.Controller.Identity.Domains.Configs;

/// <summary>Which configurations a domain can have. Source: keystone/resource/core.py, DomainConfigManager.</summary>
internal static class DomainConfigRules
{
    public static Fault Invalid(string reason) => new(FaultKind.Forbidden, $"Invalid domain specific configuration: {reason}.");

    public static Fault NotFound(string domainId, string? group, string? option) => new(FaultKind.NotFound,
        $"Could not find {What(group, option)} in domain configuration for domain {domainId}.");

    /// <summary>Null for either: not named.</summary>
    public static Fault? CheckNames(string? group, string? option)
    {
        if (group is not null && !DomainOptions.IsGroup(group))
            return Invalid($"Group {group} is not supported for domain specific configurations");
        return group is not null && option is not null && !DomainOptions.IsOption(group, option)
            ? Invalid($"Option {option} in group {group} is not supported for domain specific configurations")
            : null;
    }

    /// <summary>The options of <c>{"group": {"option": value}}</c>, each one that a domain can have.</summary>
    public static Outcome<IReadOnlyList<DomainOption>> Read(JsonElement config)
    {
        if (config.ValueKind != JsonValueKind.Object || !config.EnumerateObject().Any())
            return Invalid("No options specified");
        var options = new List<DomainOption>();
        foreach (var group in config.EnumerateObject())
        {
            if (group.Value.ValueKind != JsonValueKind.Object || !group.Value.EnumerateObject().Any())
                return Invalid($"The value of group {group.Name} specified in the config should be a dictionary of options");
            foreach (var option in group.Value.EnumerateObject())
            {
                if (CheckNames(group.Name, option.Name) is { } unknown)
                    return unknown;
                options.Add(new DomainOption(group.Name, option.Name, option.Value.GetRawText()));
            }
        }

        return options;
    }

    /// <summary>A path that names a group or an option takes that, and only that, from the body.</summary>
    public static Fault? CheckUpdate(IReadOnlyList<DomainOption> options, string? group, string? option)
    {
        if (group is null)
            return null;
        var groups = options.Select(static one => one.Group).Distinct().ToArray();
        if (groups.Length != 1)
            return Invalid($"Trying to update group {group}, so that, and only that, group must be specified in the config");
        if (groups[0] != group)
            return Invalid($"request to update group {group}, but config provided contains group {groups[0]} instead");
        if (option is null)
            return null;
        if (options.Count != 1)
            return Invalid($"Trying to update option {option} in group {group}, so that, and only that, option must be specified  in the config");
        return options[0].Name == option ? null : Invalid(
            $"Trying to update option {option} in group {group}, but config provided contains option {options[0].Name} instead");
    }

    private static string What(string? group, string? option) =>
        option is not null ? $"option {option} in group {group}" : group is not null ? $"group {group}" : "any options";
}
