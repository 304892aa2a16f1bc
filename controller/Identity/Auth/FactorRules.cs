namespace Appliance.Controller.Identity.Auth;

/// <summary>
/// Multi-factor rules: one of the sets must be proven whole. Methods that do not exist here count for nothing, and a user whose rules hold
/// only such may log in, so that a mistake locks nobody out. Source: keystone/auth/core.py, UserMFARulesValidator.
/// </summary>
internal static class FactorRules
{
    public static bool AreMet(IReadOnlyList<IReadOnlyList<string>> rules, IReadOnlySet<string> proven, IReadOnlySet<string> known)
    {
        var isAnyReal = false;
        foreach (var rule in rules)
        {
            var real = rule.Where(known.Contains).ToArray();
            isAnyReal |= real.Length > 0;
            if (real.Length > 0 && real.All(proven.Contains))
                return true;
        }

        return !isAnyReal;
    }

    /// <summary>The sets that were begun: what the rest of a login can finish.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Begun(
        IReadOnlyList<IReadOnlyList<string>> rules, IReadOnlySet<string> proven, IReadOnlySet<string> known) =>
        [.. rules.Select(rule => rule.Where(known.Contains).Distinct().ToArray()).Where(rule => rule.Any(proven.Contains))];
}
