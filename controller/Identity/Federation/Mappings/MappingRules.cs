using System.Text.Json;
using System.Text.RegularExpressions;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Identity.Federation.Mappings;

/// <summary>
/// The rule language of mappings: a rule whose <c>remote</c> conditions all hold adds its <c>local</c> parts, with <c>{0}</c>, <c>{1}</c> …
/// standing for the values that its conditions without <c>any_one_of</c> and <c>not_any_of</c> let through.
/// Source: keystone/federation/utils.py, RuleProcessor.
/// </summary>
internal static class MappingRules
{
    // Patterns are an administrator's, values a stranger's: bounded in time.
    private static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(1);

    /// <param name="rules">Checked JSON array.</param>
    /// <param name="assertion">Values by name; several where the provider says several.</param>
    public static Outcome<MappedIdentity> Apply(
        JsonElement rules, IReadOnlyDictionary<string, IReadOnlyList<string>> assertion, MappingDialect dialect)
    {
        var found = new LocalParts(dialect);
        try
        {
            foreach (var rule in rules.EnumerateArray())
            {
                if (Match(rule.GetProperty("remote"), assertion) is not { } values)
                    continue;
                foreach (var local in rule.GetProperty("local").EnumerateArray())
                {
                    if (found.Add(local, new MappingValues(values)) is { } bad)
                        return bad;
                }
            }
        }
        catch (Exception e) when (e is RegexMatchTimeoutException or ArgumentException)
        {
            return IdentityFaults.Unauthorized($"a pattern of the mapping cannot be used: {e.Message}");
        }

        return found.IsEmpty ? IdentityFaults.Unauthorized("no rule of the mapping applies") : found.ToIdentity();
    }

    // Null: the rule does not apply.
    private static List<IReadOnlyList<string>>? Match(JsonElement conditions, IReadOnlyDictionary<string, IReadOnlyList<string>> assertion)
    {
        var values = new List<IReadOnlyList<string>>();
        foreach (var condition in conditions.EnumerateArray())
        {
            if (!assertion.TryGetValue(condition.StringOrNull("type")!, out var given) || given.Count == 0)
                return null;
            if (condition.Member("any_one_of") is { } any)
            {
                if (!given.Any(value => Is(any, value, condition)))
                    return null;
            }
            else if (condition.Member("not_any_of") is { } none)
            {
                if (given.Any(value => Is(none, value, condition)))
                    return null;
            }
            else if (condition.Member("blacklist") is { } without)
            {
                values.Add([.. given.Where(value => !Is(without, value, condition)).Distinct()]);
            }
            else
            {
                values.Add(condition.Member("whitelist") is { } only ? [.. given.Where(value => Is(only, value, condition)).Distinct()] : given);
            }
        }

        return values;
    }

    private static bool Is(JsonElement list, string value, JsonElement condition)
    {
        var isRegex = condition.BoolOrNull("regex") == true;
        foreach (var item in list.EnumerateArray())
        {
            var text = PythonText.Str(item);
            if (isRegex ? Regex.IsMatch(value, text, RegexOptions.CultureInvariant, MatchTimeout) : value == text)
                return true;
        }

        return false;
    }
}
