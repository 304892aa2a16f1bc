using System.Text;
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
internal static partial class MappingRules
{
    // Patterns are an administrator's, values a stranger's: bounded in time.
    private static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(1);

    /// <param name="rules">Checked JSON array.</param>
    /// <param name="assertion">Values by name; several where the provider says several.</param>
    public static Outcome<MappedIdentity> Apply(JsonElement rules, IReadOnlyDictionary<string, IReadOnlyList<string>> assertion)
    {
        var found = new LocalParts();
        try
        {
            foreach (var rule in rules.EnumerateArray())
            {
                if (Match(rule.GetProperty("remote"), assertion) is not { } values)
                    continue;
                foreach (var local in rule.GetProperty("local").EnumerateArray())
                {
                    if (found.Add(local, values) is { } bad)
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

    /// <summary>The text with values put in; null: it names a value there is none for. Several values stand together, apart by commas.</summary>
    private static string? Fill(string text, List<IReadOnlyList<string>> values)
    {
        var filled = new StringBuilder();
        var last = 0;
        foreach (var place in Place().EnumerateMatches(text))
        {
            var index = int.Parse(text.AsSpan(place.Index + 1, place.Length - 2), CultureInfo.InvariantCulture);
            if (index >= values.Count)
                return null;
            filled.Append(text, last, place.Index - last).AppendJoin(",", values[index]);
            last = place.Index + place.Length;
        }

        return filled.Append(text, last, text.Length - last).ToString();
    }

    /// <summary>A text that is one place only stands for all of its values, each by itself.</summary>
    private static IReadOnlyList<string>? FillList(string text, List<IReadOnlyList<string>> values)
    {
        if (Place().Match(text) is not { Success: true } place || place.Length != text.Length)
            return Fill(text, values) is { } one ? [one] : null;
        var index = int.Parse(text.AsSpan(1, text.Length - 2), CultureInfo.InvariantCulture);
        return index < values.Count ? values[index] : null;
    }

    [GeneratedRegex(@"\{[0-9]{1,3}\}")]
    private static partial Regex Place();

    /// <summary>The local parts of the rules that applied, put together. The first user counts.</summary>
    private sealed class LocalParts
    {
        private readonly List<MappedName> _groups = [];
        private readonly List<MappedProject> _projects = [];
        private MappedName? _user;
        private string? _email;
        private bool _isLocal;

        public bool IsEmpty { get; private set; } = true;

        public MappedIdentity ToIdentity() => new(_user, _email, _isLocal, _groups, _projects);

        public Fault? Add(JsonElement local, List<IReadOnlyList<string>> values)
        {
            IsEmpty = false;
            var isWhole = AddUser(local.Member("user"), values) && AddGroup(local.Member("group"), values)
                && AddGroups(local, values) && AddProjects(local.Member("projects"), values);
            return isWhole ? null : IdentityFaults.Unauthorized("a rule of the mapping names a value that it does not take, or groups without a domain");
        }

        private bool AddUser(JsonElement? user, List<IReadOnlyList<string>> values)
        {
            if (user is not { } given || _user is not null)
                return true;
            if (!TryName(given, values, out var name) || !TryText(given, "email", values, out _email))
                return false;
            (_user, _isLocal) = (name, given.StringOrNull("type") == "local");
            return true;
        }

        private bool AddGroup(JsonElement? group, List<IReadOnlyList<string>> values)
        {
            if (group is not { } given)
                return true;
            if (!TryName(given, values, out var name))
                return false;
            _groups.Add(name);
            return true;
        }

        private bool AddGroups(JsonElement local, List<IReadOnlyList<string>> values)
        {
            if (local.StringOrNull("group_ids") is { } ids)
            {
                if (FillList(ids, values) is not { } each)
                    return false;
                _groups.AddRange(each.Select(static id => new MappedName(id, null, null, null)));
            }

            if (local.StringOrNull("groups") is not { } names)
                return true;
            if (FillList(names, values) is not { } filled || local.Member("domain") is not { } domain
                || !TryText(domain, "id", values, out var domainId) || !TryText(domain, "name", values, out var domainName))
                return false;
            _groups.AddRange(filled.Select(name => new MappedName(null, name, domainId, domainName)));
            return true;
        }

        private bool AddProjects(JsonElement? projects, List<IReadOnlyList<string>> values)
        {
            if (projects is not { } given)
                return true;
            foreach (var project in given.EnumerateArray())
            {
                var roles = project.GetProperty("roles").EnumerateArray().Select(role => Fill(role.StringOrNull("name")!, values)).ToArray();
                if (!TryName(project, values, out var name) || roles.Any(static role => role is null))
                    return false;
                _projects.Add(new MappedProject(name, roles!));
            }

            return true;
        }

        private static bool TryName(JsonElement given, List<IReadOnlyList<string>> values, out MappedName name)
        {
            var domain = given.Member("domain") ?? default;
            var isWhole = TryText(given, "id", values, out var id) & TryText(given, "name", values, out var text)
                & TryText(domain, "id", values, out var domainId) & TryText(domain, "name", values, out var domainName);
            name = new MappedName(id, text, domainId, domainName);
            return isWhole;
        }

        private static bool TryText(JsonElement given, string member, List<IReadOnlyList<string>> values, out string? text)
        {
            text = null;
            return given.StringOrNull(member) is not { } template || (text = Fill(template, values)) is not null;
        }
    }
}
