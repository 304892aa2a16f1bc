namespace Appliance.Controller.Http.Policies;

/// <summary>
/// Decides who may do what: the default of every documented operation (<c>defaults.tsv</c>, the secure-RBAC defaults of the real services)
/// under the operator's overrides. A rule nobody defined denies.
/// </summary>
internal sealed class PolicyEngine
{
    private readonly Dictionary<(string Service, string Rule), string> _defaults = ReadDefaults();

    /// <summary>Whether the rule exists: an operation that names another one must not be served.</summary>
    public bool Knows(string service, string rule) => _defaults.ContainsKey((service, rule));

    public bool Allows(string service, string rule, Caller caller, PolicyTarget target) =>
        _defaults.TryGetValue((service, rule), out var leastRole) && Satisfies(leastRole, caller, target);

    /// <summary>Null when allowed; else the refusal, worded as oslo.policy words it.</summary>
    public Fault? Check(string service, string rule, Caller caller, PolicyTarget target) =>
        Allows(service, rule, caller, target)
            ? null
            : new Fault(FaultKind.Forbidden, $"Policy doesn't allow {rule} to be performed.", Code: rule);

    private static bool Satisfies(string leastRole, Caller caller, PolicyTarget target) => leastRole switch
    {
        "" or "any" => true,
        "nobody" => false,
        _ when caller.IsAdmin => true,
        "admin" => false,
        "owner" => target.UserId == caller.UserId,
        "service" => caller.HasRole("service"),
        _ => caller.HasRole(leastRole) && (target.ProjectId is null || target.ProjectId == caller.ProjectId),
    };

    private static Dictionary<(string, string), string> ReadDefaults()
    {
        using var stream = typeof(PolicyEngine).Assembly.GetManifestResourceStream("policies.tsv")!;
        using var reader = new StreamReader(stream);
        var defaults = new Dictionary<(string, string), string>();
        while (reader.ReadLine() is { } line)
        {
            var columns = line.Split('\t');
            defaults[(columns[0], columns[1])] = columns[2];
        }

        return defaults;
    }
}
