using System.Text;
using Appliance.Controller.Identity.Directories.Ldap;

namespace Appliance.Controller.Identity.Directories;

internal enum NameComparison
{
    Equal,
    Contains,
    StartsWith,
    EndsWith,
}

/// <summary>
/// What a list asks of names (and of <c>enabled</c>): narrowed by the directory as far as it can, which compares without regard to case, and
/// checked again here where case counts. Source: keystone/identity/backends/ldap/common.py, filter_query.
/// </summary>
/// <param name="HeedsCase">Only for inexact comparisons: an exact one is the directory's, as in Keystone.</param>
internal sealed record NameFilter(NameComparison Comparison, string Value, bool HeedsCase)
{
    /// <summary>The filters on <c>name</c> in a query string; what is not understood filters nothing.</summary>
    public static IReadOnlyList<NameFilter> ReadAll(IQueryCollection query)
    {
        var filters = new List<NameFilter>();
        foreach (var (key, values) in query)
        {
            if (!key.StartsWith("name", StringComparison.Ordinal))
                continue;
            var (suffix, value) = (key["name".Length..], values[0] ?? "");
            if (suffix.Length == 0)
                filters.Add(new NameFilter(NameComparison.Equal, value, HeedsCase: false));
            else if (suffix.StartsWith("__", StringComparison.Ordinal) && value.Length > 0 && Find(suffix[2..].TrimStart('i')) is { } comparison)
                filters.Add(new NameFilter(comparison, value, HeedsCase: suffix[2] != 'i'));
        }

        return filters;
    }

    public LdapFilter ToLdap(string attribute)
    {
        var value = Encoding.UTF8.GetBytes(Value);
        return Comparison switch
        {
            NameComparison.Contains => new LdapFilter.Substrings(attribute, null, [value], null),
            NameComparison.StartsWith => new LdapFilter.Substrings(attribute, value, [], null),
            NameComparison.EndsWith => new LdapFilter.Substrings(attribute, null, [], value),
            _ => LdapFilter.Equal(attribute, value),
        };
    }

    public bool Fits(string name) => !HeedsCase || Comparison switch
    {
        NameComparison.Contains => name.Contains(Value, StringComparison.Ordinal),
        NameComparison.StartsWith => name.StartsWith(Value, StringComparison.Ordinal),
        NameComparison.EndsWith => name.EndsWith(Value, StringComparison.Ordinal),
        _ => true,
    };

    private static NameComparison? Find(string word) => word switch
    {
        "contains" => NameComparison.Contains,
        "startswith" => NameComparison.StartsWith,
        "endswith" => NameComparison.EndsWith,
        _ => null,
    };
}
