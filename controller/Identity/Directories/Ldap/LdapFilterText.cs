using System.Text;

namespace Appliance.Controller.Identity.Directories.Ldap;

/// <summary>Reads filters that operators write, such as <c>(&amp;(ou=it)(!(cn=a*)))</c>. RFC 4515.</summary>
internal ref struct LdapFilterText
{
    // Deeper than anybody writes; without it a configured text could exhaust the stack.
    private const int MaxDepth = 32;

    private readonly string _text;
    private int _at;

    private LdapFilterText(string text) => _text = text;

    /// <summary>One filter, or several one after the other, which all must hold: Keystone puts the text between others of its own.</summary>
    /// <exception cref="FormatException">It is not a filter.</exception>
    public static IReadOnlyList<LdapFilter> Parse(string text)
    {
        var reader = new LdapFilterText(text.Trim());
        var filters = new List<LdapFilter>();
        while (reader._at < reader._text.Length)
            filters.Add(reader.ReadFilter(0));
        return filters;
    }

    private LdapFilter ReadFilter(int depth)
    {
        if (depth > MaxDepth)
            throw Bad("is nested too deeply");
        Expect('(');
        var filter = Peek() switch
        {
            '&' => new LdapFilter.Set(0, ReadSet(depth)),
            '|' => new LdapFilter.Set(1, ReadSet(depth)),
            '!' => ReadNot(depth),
            _ => ReadItem(),
        };
        Expect(')');
        return filter;
    }

    private List<LdapFilter> ReadSet(int depth)
    {
        _at++;
        var parts = new List<LdapFilter>();
        while (Peek() == '(')
            parts.Add(ReadFilter(depth + 1));
        return parts;
    }

    private LdapFilter.Not ReadNot(int depth)
    {
        _at++;
        return new LdapFilter.Not(ReadFilter(depth + 1));
    }

    private LdapFilter ReadItem()
    {
        var end = _text.AsSpan(_at).IndexOfAny('=', ')');
        if (end <= 0 || _text[_at + end] != '=')
            throw Bad("has an item without '='");
        var left = _text.Substring(_at, end);
        _at += end + 1;
        var pieces = ReadValue();
        var attribute = left.TrimEnd('<', '>', '~', ':');
        return left[^1] switch
        {
            ':' => ReadExtensible(left[..^1], Only(pieces)),
            '>' => new LdapFilter.Comparison(5, Named(attribute), Only(pieces)),
            '<' => new LdapFilter.Comparison(6, Named(attribute), Only(pieces)),
            '~' => new LdapFilter.Comparison(8, Named(attribute), Only(pieces)),
            _ when pieces is [var only] => LdapFilter.Equal(Named(left), only),
            _ when pieces is [{ Length: 0 }, { Length: 0 }] => LdapFilter.Present(Named(left)),
            _ => new LdapFilter.Substrings(
                Named(left), NullIfEmpty(pieces[0]), [.. pieces[1..^1].Where(static piece => piece.Length > 0)], NullIfEmpty(pieces[^1])),
        };
    }

    // attr[:dn][:rule] or [:dn]:rule
    private LdapFilter.Extensible ReadExtensible(string left, byte[] value)
    {
        var parts = left.Split(':');
        var rest = parts[1..].ToList();
        var includesDn = rest.RemoveAll(static part => part.Equals("dn", StringComparison.OrdinalIgnoreCase)) > 0;
        if (rest.Count > 1 || (parts[0].Length == 0 && rest.Count == 0))
            throw Bad("has an item with a malformed matching rule");
        return new LdapFilter.Extensible(rest.FirstOrDefault(), parts[0].Length == 0 ? null : parts[0], value, includesDn);
    }

    // Pieces between unescaped stars.
    private List<byte[]> ReadValue()
    {
        var pieces = new List<byte[]>();
        var piece = new List<byte>();
        for (; _at < _text.Length && _text[_at] != ')'; _at++)
        {
            switch (_text[_at])
            {
                case '*':
                    pieces.Add([.. piece]);
                    piece.Clear();
                    break;
                case '\\' when _at + 2 < _text.Length && byte.TryParse(
                    _text.AsSpan(_at + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var escaped):
                    piece.Add(escaped);
                    _at += 2;
                    break;
                case '\\' or '(' or '\0':
                    throw Bad("has an unescaped character in a value");
                default:
                    var length = char.IsHighSurrogate(_text[_at]) && _at + 1 < _text.Length ? 2 : 1;
                    piece.AddRange(Encoding.UTF8.GetBytes(_text.Substring(_at, length)));
                    _at += length - 1;
                    break;
            }
        }

        pieces.Add([.. piece]);
        return pieces;
    }

    private readonly char Peek() => _at < _text.Length ? _text[_at] : '\0';

    private void Expect(char character)
    {
        if (Peek() != character)
            throw Bad($"needs '{character}'");
        _at++;
    }

    private readonly string Named(string attribute) => attribute.Length > 0 ? attribute : throw Bad("has an item without an attribute");

    private readonly byte[] Only(List<byte[]> pieces) => pieces is [var only] ? only : throw Bad("has a star where none can be");

    private static byte[]? NullIfEmpty(byte[] value) => value.Length == 0 ? null : value;

    private readonly FormatException Bad(string why) => new($"the filter '{_text}' {why} at position {_at}");
}
