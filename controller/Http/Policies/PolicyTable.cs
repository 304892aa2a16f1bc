namespace Appliance.Controller.Http.Policies;

/// <param name="Text">As it was written.</param>
/// <param name="Origin">Where: <c>default</c>, or file and line.</param>
internal sealed record PolicyRule(string Name, string Text, PolicyCheck Check, string Origin)
{
    public const string Default = "default";

    /// <summary>Kinds of token that the rule is for; an override of its text leaves them.</summary>
    public PolicyScopes Scopes { get; init; } = PolicyScopes.All;

    /// <summary>Whether the caller has a token of the right kind, and the check holds.</summary>
    public bool Allows(in PolicyQuestion question) => (Scopes & PolicyScopesTable.Of(question.Caller)) != 0 && Check.Holds(question);

    /// <exception cref="FormatException">The text is not a rule.</exception>
    public static PolicyRule Parse(string name, string text, string origin)
    {
        try
        {
            return new PolicyRule(name, text, PolicyParser.Parse(text), origin);
        }
        catch (FormatException e)
        {
            throw new FormatException(origin == Default ? $"{name}: {e.Message}" : $"{origin}: {name}: {e.Message}", e);
        }
    }
}

/// <summary>The rules in force for one service. Immutable.</summary>
internal sealed class PolicyTable(IReadOnlyDictionary<string, PolicyRule> rules)
{
    public PolicyRule? Find(string name) => rules.GetValueOrDefault(name);

    /// <summary>The rule that counts where <paramref name="name"/> is referred to. Source: oslo_policy/policy.py, Rules.__missing__.</summary>
    public PolicyRule? FindOrDefault(string name) => Find(name) ?? Find("default");

    public IEnumerable<PolicyRule> All => rules.Values;
}
