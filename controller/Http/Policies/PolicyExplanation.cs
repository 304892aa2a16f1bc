using System.Text;

namespace Appliance.Controller.Http.Policies;

/// <summary>Says which rule decided and why: every check that was looked at, with its answer, in the order it was looked at.</summary>
internal static class PolicyExplanation
{
    public static string Explain(PolicyEngine policy, string service, string rule, Caller caller, PolicyTarget target)
    {
        if (policy.Find(service) is not { } table)
            return $"denied: there is no service {service}\n";
        if (table.Find(rule) is not { } found)
            return $"denied: {service} has no rule {rule}; what nobody defined is denied\n";

        var question = new PolicyQuestion(table, caller, target, 0);
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{(found.Allows(question) ? "allowed" : "denied")}: {service} {rule}");
        if ((found.Scopes & PolicyScopesTable.Of(caller)) == 0)
            text.AppendLine(CultureInfo.InvariantCulture, $"  the token is for {PolicyScopesTable.Of(caller)}, the rule takes tokens for {found.Scopes}");
        AppendRule(text, found, question, 1);
        return text.ToString();
    }

    private static void AppendRule(StringBuilder text, PolicyRule rule, in PolicyQuestion question, int indent)
    {
        text.Append(' ', indent * 2).AppendLine(CultureInfo.InvariantCulture, $"{rule.Name} ({rule.Origin}): {rule.Text}");
        if (question.Depth < PolicyQuestion.MaxDepth)
            Append(text, rule.Check, question with { Depth = question.Depth + 1 }, indent + 1);
        else
            text.Append(' ', (indent + 1) * 2).AppendLine("denied: the rule refers to itself");
    }

    private static void Append(StringBuilder text, PolicyCheck check, in PolicyQuestion question, int indent)
    {
        var holds = check.Holds(question);
        text.Append(' ', indent * 2).AppendLine(CultureInfo.InvariantCulture, $"{(holds ? "yes" : "no ")}  {check}{Why(check, question)}");
        switch (check)
        {
            case OrCheck or:
                AppendUntil(text, or.Parts, question, indent, stopAt: true);
                break;
            case AndCheck and:
                AppendUntil(text, and.Parts, question, indent, stopAt: false);
                break;
            case NotCheck not:
                Append(text, not.Inner, question, indent + 1);
                break;
            case RuleCheck reference when question.Rules.FindOrDefault(reference.Name) is { } rule:
                AppendRule(text, rule, question, indent + 1);
                break;
            default:
                break;
        }
    }

    // The first answer that settles it is the last one looked at.
    private static void AppendUntil(StringBuilder text, PolicyCheck[] parts, in PolicyQuestion question, int indent, bool stopAt)
    {
        foreach (var part in parts)
        {
            Append(text, part, question, indent + 1);
            if (part.Holds(question) == stopAt)
                return;
        }
    }

    private static string Why(PolicyCheck check, in PolicyQuestion question) => check switch
    {
        RuleCheck { Name: var name } when question.Rules.Find(name) is null =>
            question.Rules.FindOrDefault(name) is null ? "  (no such rule)" : "  (no such rule: the rule default counts)",
        RoleCheck => $"  (roles: {string.Join(", ", question.Caller.Roles)})",
        CallerCheck { Value: var value } => value.Fill(question.Target) is { } filled ? $"  (target: {filled})" : "  (the target has no such value)",
        LiteralCheck { Value: var value } => value.Fill(question.Target) is { } filled ? $"  (target: {filled})" : "  (the target has no such value)",
        _ => "",
    };
}
