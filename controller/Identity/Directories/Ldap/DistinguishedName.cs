using System.Text;

namespace Appliance.Controller.Identity.Directories.Ldap;

/// <summary>One <c>type=value</c> of a name; the value without its escapes.</summary>
internal sealed record NamePart(string Type, string Value);

/// <summary>
/// Names of entries as text. Two are compared part by part, without regard to case and to runs of spaces: enough for the names that
/// directories give people and groups. RFC 4514; keystone/identity/backends/ldap/common.py, is_dn_equal.
/// </summary>
internal static class DistinguishedName
{
    /// <summary>The parts of the leftmost component; empty when the text is no name.</summary>
    public static IReadOnlyList<NamePart> First(string dn) => Parse(dn) is [var first, ..] ? first : [];

    /// <summary>The same text for names that are the same.</summary>
    public static string Normalize(string dn) => string.Join(',', Parse(dn).Select(static component => string.Join('+', component
        .Select(static part => $"{part.Type.ToLowerInvariant()}={Escape(Fold(part.Value))}").Order(StringComparer.Ordinal))));

    /// <summary>A value as it stands in a name.</summary>
    public static string Escape(string value)
    {
        var escaped = new StringBuilder(value.Length + 4);
        for (var i = 0; i < value.Length; i++)
        {
            var isAtEdge = (i == 0 && value[i] is ' ' or '#') || (i == value.Length - 1 && value[i] == ' ');
            if (value[i] == '\0')
                escaped.Append("\\00");
            else if (isAtEdge || value[i] is ',' or '+' or '"' or '\\' or '<' or '>' or ';' or '=')
                escaped.Append('\\').Append(value[i]);
            else
                escaped.Append(value[i]);
        }

        return escaped.ToString();
    }

    private static List<IReadOnlyList<NamePart>> Parse(string dn)
    {
        var components = new List<IReadOnlyList<NamePart>>();
        var parts = new List<NamePart>();
        for (var at = 0; at < dn.Length;)
        {
            var equals = dn.IndexOf('=', at);
            if (equals < 0)
                return [];
            var type = dn[at..equals].Trim();
            var value = ReadValue(dn, equals + 1, out at);
            parts.Add(new NamePart(type, value));
            if (at < dn.Length && dn[at] == '+')
            {
                at++;
                continue;
            }

            components.Add(parts);
            parts = [];
            at++;
        }

        return components;
    }

    private static string ReadValue(string dn, int start, out int end)
    {
        var bytes = new List<byte>();
        var lastKept = 0;
        var at = start;
        while (at < dn.Length && dn[at] == ' ')
            at++;
        for (; at < dn.Length && dn[at] is not (',' or '+' or ';'); at++)
        {
            if (dn[at] == '\\' && at + 1 < dn.Length)
            {
                if (at + 2 < dn.Length && byte.TryParse(
                    dn.AsSpan(at + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var escaped))
                {
                    bytes.Add(escaped);
                    at += 2;
                }
                else
                {
                    bytes.AddRange(Encoding.UTF8.GetBytes(dn.Substring(++at, 1)));
                }

                lastKept = bytes.Count;
                continue;
            }

            var length = char.IsHighSurrogate(dn[at]) && at + 1 < dn.Length ? 2 : 1;
            bytes.AddRange(Encoding.UTF8.GetBytes(dn.Substring(at, length)));
            if (dn[at] != ' ')
                lastKept = bytes.Count;
            at += length - 1;
        }

        end = at;
        return Encoding.UTF8.GetString([.. bytes.Take(lastKept)]);
    }

    private static string Fold(string value) =>
        string.Join(' ', value.ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
