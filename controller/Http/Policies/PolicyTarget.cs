namespace Appliance.Controller.Http.Policies;

/// <summary>What an operation is about to touch, as far as policy rules ask.</summary>
/// <param name="ProjectId">Project that owns the thing; rules written <c>%(project_id)s</c> or <c>%(tenant_id)s</c>. Null: no project owns it, and
/// rules that ask for the owner's project hold for nobody.</param>
/// <param name="UserId">User that owns the thing; <c>%(user_id)s</c>. Null as above.</param>
/// <param name="Attributes">Further <c>%(name)s</c> values, such as <c>target.user.domain_id</c>. A null value is the value <c>None</c>; a name
/// that is not there makes what asks for it false.</param>
internal sealed record PolicyTarget(string? ProjectId, string? UserId = null, IReadOnlyDictionary<string, string?>? Attributes = null)
{
    /// <summary>What to answer instead of asking the rule: the thing does not exist, and the real service says so to everybody. Null: ask.</summary>
    public Fault? Missing { get; init; }

    /// <summary>The caller's own project and user: the target of an operation before anything was looked up.</summary>
    public static PolicyTarget Of(Caller caller) => new(caller.ProjectId, caller.UserId);

    public string? Find(string name) => TryFind(name, out var value) ? value : null;

    /// <summary>False: the target has no such value.</summary>
    public bool TryFind(string name, out string? value)
    {
        if (Attributes is not null && Attributes.TryGetValue(name, out value))
            return true;
        value = name switch
        {
            "project_id" or "tenant_id" => ProjectId,
            "user_id" => UserId,
            _ => null,
        };
        return value is not null;
    }
}
