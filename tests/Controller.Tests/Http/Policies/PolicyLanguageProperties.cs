using Appliance.Controller.Http;
using Appliance.Controller.Http.Policies;
using CsCheck;

namespace Appliance.Controller.Tests.Http.Policies;

/// <summary>The rule language against a second reading of it, and against texts that are no rules.</summary>
public class PolicyLanguageProperties
{
    private static readonly Caller Reader = new("u1", "ann", "default", "p1", "web", "d1", null, false, ["reader"], "", default);
    private static readonly PolicyTable NoRules = new(new Dictionary<string, PolicyRule>());

    private static readonly Gen<Rule> Leaf = Gen.OneOf(
        new Rule("@", true, 3), new Rule("!", false, 3), new Rule("role:reader", true, 3), new Rule("role:admin", false, 3),
        new Rule("user_id:%(target.user.id)s", true, 3), new Rule("'x':%(target.user.id)s", false, 3), new Rule("None:%(target.nothing)s", true, 3));

    private static readonly Gen<string> Word = Gen.OneOf(
        Gen.OneOf("and", "or", "not", "(", ")", "@", "!", "role:reader", "rule:r", ":", "'", "'a':b", "%(", "%(x)s", "user_id:%(user_id)s", "((", "))", "1:1"),
        Gen.String[Gen.Char[' ', '~'], 0, 6]);

    [Fact]
    public void What_holds_is_what_the_operators_mean() => Rules(4).Sample(rule =>
        Assert.True(rule.Holds == Holds(PolicyParser.Parse(rule.Text)), rule.Text));

    [Fact]
    public void What_a_rule_prints_means_the_same() => Rules(4).Sample(rule =>
    {
        var printed = PolicyParser.Parse(rule.Text).ToString();
        Assert.True(rule.Holds == Holds(PolicyParser.Parse(printed)), $"{rule.Text} printed as {printed}");
    });

    [Fact]
    public void Any_text_is_a_rule_or_refused() => Word.Array[0, 12].Sample(words =>
    {
        var text = string.Join(' ', words);
        Assert.True(Record.Exception(() => Holds(PolicyParser.Parse(text))) is null or FormatException, text);
    });

    private static bool Holds(PolicyCheck check) => check.Holds(new PolicyQuestion(
        NoRules, Reader, new PolicyTarget("p1", null, new Dictionary<string, string?> { ["target.user.id"] = "u1", ["target.nothing"] = null }), 0));

    // Parentheses where the operators need them, and sometimes where they do not.
    private static Gen<Rule> Rules(int depth)
    {
        if (depth == 0)
            return Leaf;
        var inner = Rules(depth - 1);
        return Gen.OneOf(
            Leaf,
            Gen.Select(inner, Gen.Bool, static (part, extra) => new Rule($"not {part.In(2, extra)}", !part.Holds, 2)),
            Gen.Select(inner, inner, Gen.Bool, static (a, b, extra) => new Rule($"{a.In(1, extra)} and {b.In(2, extra)}", a.Holds && b.Holds, 1)),
            Gen.Select(inner, inner, Gen.Bool, static (a, b, extra) => new Rule($"{a.In(0, extra)} OR {b.In(1, extra)}", a.Holds || b.Holds, 0)));
    }

    /// <param name="Binding">How tightly the outermost operator binds: or 0, and 1, not 2, a check 3.</param>
    private sealed record Rule(string Text, bool Holds, int Binding)
    {
        public string In(int binding, bool extra) => Binding < binding || extra ? $"({Text})" : Text;
    }
}
