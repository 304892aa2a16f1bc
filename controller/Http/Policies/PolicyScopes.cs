namespace Appliance.Controller.Http.Policies;

/// <summary>Kinds of token that a rule is for. A token without scope counts as a project's. Source: oslo_policy/policy.py, _enforce_scope.</summary>
[Flags]
internal enum PolicyScopes
{
    System = 1,
    Domain = 2,
    Project = 4,
    All = System | Domain | Project,
}

/// <summary>Reads tables of <c>rule, scopes</c>, tab-separated, with a line of column names and comments that begin with <c>#</c>.</summary>
internal static class PolicyScopesTable
{
    /// <exception cref="FormatException">A scope is none of system, domain, project.</exception>
    public static Dictionary<string, PolicyScopes> Read(TextReader text)
    {
        var scopes = new Dictionary<string, PolicyScopes>(StringComparer.Ordinal);
        while (text.ReadLine() is { } line)
        {
            if (!line.StartsWith('#') && line.Split('\t') is [var rule, var names] && rule != "rule")
                scopes[rule] = names.Split(',').Aggregate(default(PolicyScopes), static (sum, name) => sum | One(name));
        }

        return scopes;
    }

    public static PolicyScopes Of(Caller caller) =>
        caller.IsSystemScoped ? PolicyScopes.System : caller.DomainId is not null ? PolicyScopes.Domain : PolicyScopes.Project;

    private static PolicyScopes One(string name) => name switch
    {
        "system" => PolicyScopes.System,
        "domain" => PolicyScopes.Domain,
        "project" => PolicyScopes.Project,
        _ => throw new FormatException($"'{name}' is no scope"),
    };
}
