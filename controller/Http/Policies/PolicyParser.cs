using System.Globalization;

namespace Appliance.Controller.Http.Policies;

/// <summary>
/// Reads rules in the language of oslo.policy: <c>and</c>, <c>or</c>, <c>not</c>, parentheses, <c>kind:match</c>, <c>@</c>, <c>!</c>.
/// <c>not</c> binds tightest, then <c>and</c>, then <c>or</c>. Source: oslo_policy/_parser.py.
/// </summary>
internal sealed class PolicyParser
{
    // Far above what anybody writes, far below what the stack holds.
    private const int MaxDepth = 100;

    private readonly string _rule;
    private readonly List<string> _tokens;
    private int _next;
    private int _depth;

    private PolicyParser(string rule)
    {
        _rule = rule;
        _tokens = Split(rule);
    }

    /// <exception cref="FormatException">Not a rule; the message says why.</exception>
    public static PolicyCheck Parse(string rule)
    {
        if (rule.Trim().Length == 0)
            return new ConstantCheck(true);
        var parser = new PolicyParser(rule);
        var check = parser.ReadOr();
        return parser._next == parser._tokens.Count ? check : throw parser.Error($"'{parser._tokens[parser._next]}' is not expected here");
    }

    private PolicyCheck ReadOr()
    {
        var parts = new List<PolicyCheck> { ReadAnd() };
        while (Accept("or"))
            parts.Add(ReadAnd());
        return parts.Count == 1 ? parts[0] : new OrCheck([.. parts]);
    }

    private PolicyCheck ReadAnd()
    {
        var parts = new List<PolicyCheck> { ReadNot() };
        while (Accept("and"))
            parts.Add(ReadNot());
        return parts.Count == 1 ? parts[0] : new AndCheck([.. parts]);
    }

    private PolicyCheck ReadNot()
    {
        if (Accept("not"))
            return new NotCheck(Deeper(ReadNot));
        if (Accept("("))
        {
            var inner = Deeper(ReadOr);
            return Accept(")") ? inner : throw Error("')' is missing");
        }

        if (_next == _tokens.Count)
            throw Error("it ends where a check is expected");
        return ReadCheck(_tokens[_next++]);
    }

    private PolicyCheck Deeper(Func<PolicyCheck> read)
    {
        if (++_depth > MaxDepth)
            throw Error($"it is nested deeper than {MaxDepth} levels");
        var check = read();
        _depth--;
        return check;
    }

    private PolicyCheck ReadCheck(string token)
    {
        if (token is "@" or "!")
            return new ConstantCheck(token == "@");
        var colon = FindColon(token);
        if (colon <= 0)
            throw Error($"'{token}' is not kind:match");

        var (kind, match) = (token[..colon], token[(colon + 1)..]);
        return kind switch
        {
            "rule" => new RuleCheck(match),
            "role" => new RoleCheck(new PolicyTemplate(match)),
            "http" or "https" => throw Error("http: checks are not supported"),
            _ when Literal(kind) is { } literal => new LiteralCheck(kind, literal, new PolicyTemplate(match)),
            _ => new CallerCheck(kind, new PolicyTemplate(match)),
        };
    }

    private bool Accept(string word)
    {
        if (_next == _tokens.Count || !_tokens[_next].Equals(word, StringComparison.OrdinalIgnoreCase))
            return false;
        _next++;
        return true;
    }

    // Parentheses stand alone at the edges of words; inside a word, as in %(user_id)s, they belong to it.
    private static List<string> Split(string rule)
    {
        var tokens = new List<string>();
        foreach (var word in rule.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            var open = word.AsSpan().IndexOfAnyExcept('(');
            open = open < 0 ? word.Length : open;
            var end = Math.Max(open, word.AsSpan().LastIndexOfAnyExcept(')') + 1);
            tokens.AddRange(Enumerable.Repeat("(", open));
            if (end > open)
                tokens.Add(word[open..end]);
            tokens.AddRange(Enumerable.Repeat(")", word.Length - end));
        }

        return tokens;
    }

    private static int FindColon(string token)
    {
        if (token[0] is not ('\'' or '"'))
            return token.IndexOf(':', StringComparison.Ordinal);
        var quote = token.IndexOf(token[0], 1);
        return quote > 0 && quote + 1 < token.Length && token[quote + 1] == ':' ? quote + 1 : -1;
    }

    private static string? Literal(string kind)
    {
        if (kind is [('\'' or '"') and var open, .. var inner, var close] && open == close)
            return inner;
        return kind is "None" or "True" or "False" || long.TryParse(kind, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)
            ? kind
            : null;
    }

    private FormatException Error(string why) => new($"policy rule \"{_rule}\": {why}");
}
