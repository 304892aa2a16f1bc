using System.Text;

namespace Appliance.Controller.Http.Policies;

/// <summary>What a rule is asked about.</summary>
/// <param name="Rules">The rules <c>rule:name</c> refers to.</param>
/// <param name="Depth">How many <c>rule:</c> references led here; cycles end at <see cref="MaxDepth"/>.</param>
internal readonly record struct PolicyQuestion(PolicyTable Rules, Caller Caller, PolicyTarget Target, int Depth)
{
    public const int MaxDepth = 32;
}

/// <summary>One node of a rule in the language of oslo.policy. Immutable. Source: oslo_policy/_checks.py.</summary>
internal abstract record PolicyCheck
{
    public abstract bool Holds(in PolicyQuestion question);
}

/// <summary><c>@</c>, the empty rule, and <c>!</c>.</summary>
internal sealed record ConstantCheck(bool Value) : PolicyCheck
{
    public override bool Holds(in PolicyQuestion question) => Value;
    public override string ToString() => Value ? "@" : "!";
}

internal sealed record NotCheck(PolicyCheck Inner) : PolicyCheck
{
    public override bool Holds(in PolicyQuestion question) => !Inner.Holds(question);
    public override string ToString() => $"not {Inner}";
}

internal sealed record AndCheck(PolicyCheck[] Parts) : PolicyCheck
{
    public override bool Holds(in PolicyQuestion question)
    {
        foreach (var part in Parts)
        {
            if (!part.Holds(question))
                return false;
        }

        return true;
    }

    public override string ToString() => $"({string.Join(" and ", (object[])Parts)})";
}

internal sealed record OrCheck(PolicyCheck[] Parts) : PolicyCheck
{
    public override bool Holds(in PolicyQuestion question)
    {
        foreach (var part in Parts)
        {
            if (part.Holds(question))
                return true;
        }

        return false;
    }

    public override string ToString() => $"({string.Join(" or ", (object[])Parts)})";
}

/// <summary><c>rule:name</c>. In place of a rule that does not exist the rule <c>default</c> counts, where the operator defined one.</summary>
internal sealed record RuleCheck(string Name) : PolicyCheck
{
    public override bool Holds(in PolicyQuestion question) =>
        question.Depth < PolicyQuestion.MaxDepth
        && question.Rules.FindOrDefault(Name) is { } rule
        && rule.Check.Holds(question with { Depth = question.Depth + 1 });

    public override string ToString() => $"rule:{Name}";
}

/// <summary><c>role:name</c>; the name may hold <c>%(…)s</c>.</summary>
internal sealed record RoleCheck(PolicyTemplate Role) : PolicyCheck
{
    public override bool Holds(in PolicyQuestion question) => Role.Fill(question.Target) is { } role && question.Caller.HasRole(role);
    public override string ToString() => $"role:{Role}";
}

/// <summary>
/// <c>attribute:value</c>: an attribute of the caller equals the value. A value of the target that is missing or null equals nothing: a
/// caller without a domain is no member of what belongs to no domain. Only the word <c>None</c> itself asks for an absent attribute.
/// </summary>
internal sealed record CallerCheck(string Attribute, PolicyTemplate Value) : PolicyCheck
{
    public override bool Holds(in PolicyQuestion question) =>
        Value.Fill(question.Target) is { } expected
        && !(Value.NamesTarget && expected == "None")
        && CallerAttributes.Matches(question.Caller, Attribute, expected);

    public override string ToString() => $"{Attribute}:{Value}";
}

/// <summary><c>'literal':value</c>: the value equals the literal, written as Python writes it.</summary>
internal sealed record LiteralCheck(string Text, string Literal, PolicyTemplate Value) : PolicyCheck
{
    public override bool Holds(in PolicyQuestion question) => Value.Fill(question.Target) == Literal;
    public override string ToString() => $"{Text}:{Value}";
}

/// <summary>Text with <c>%(name)s</c> where values of the target belong, taken apart once.</summary>
internal sealed record PolicyTemplate
{
    private readonly string _text;
    private readonly string[] _literals;        // one more than names: before, between and after
    private readonly string[] _names;

    /// <exception cref="FormatException">A <c>%(</c> without its <c>)s</c>.</exception>
    public PolicyTemplate(string text)
    {
        _text = text;
        var (literals, names) = (new List<string>(), new List<string>());
        var rest = text;
        while (rest.IndexOf("%(", StringComparison.Ordinal) is >= 0 and var start)
        {
            var end = rest.IndexOf(")s", start, StringComparison.Ordinal);
            if (end < 0)
                throw new FormatException($"'{text}': %( without )s");
            literals.Add(rest[..start]);
            names.Add(rest[(start + 2)..end]);
            rest = rest[(end + 2)..];
        }

        (_literals, _names) = ([.. literals, rest], [.. names]);
    }

    /// <summary>Whether it holds a value of the target.</summary>
    public bool NamesTarget => _names.Length > 0;

    /// <summary>Null: the target lacks a value that is named. A value that is known to be null reads <c>None</c>.</summary>
    public string? Fill(PolicyTarget target)
    {
        if (_names.Length == 0)
            return _text;
        if (_names.Length == 1 && _literals[0].Length == 0 && _literals[1].Length == 0)
            return target.TryFind(_names[0], out var only) ? only ?? "None" : null;

        var filled = new StringBuilder(_literals[0]);
        for (var i = 0; i < _names.Length; i++)
        {
            if (!target.TryFind(_names[i], out var value))
                return null;
            filled.Append(value ?? "None").Append(_literals[i + 1]);
        }

        return filled.ToString();
    }

    public override string ToString() => _text;
}
