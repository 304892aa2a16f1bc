namespace Appliance.Controller.Http.Policies;

/// <summary>What an operation is about to touch, as far as policy rules ask.</summary>
/// <param name="ProjectId">Project that owns the thing; rules written <c>%(project_id)s</c> or <c>%(tenant_id)s</c>.</param>
/// <param name="UserId">User that owns the thing; <c>%(user_id)s</c>.</param>
/// <param name="Attributes">Further <c>%(name)s</c> values, such as <c>target.user.domain_id</c>.</param>
internal sealed record PolicyTarget(string? ProjectId, string? UserId = null, IReadOnlyDictionary<string, string?>? Attributes = null)
{
    /// <summary>The caller's own project and user: the target of an operation before anything was looked up.</summary>
    public static PolicyTarget Of(Caller caller) => new(caller.ProjectId, caller.UserId);

    public string? Find(string name) => name switch
    {
        "project_id" or "tenant_id" => ProjectId,
        "user_id" => UserId,
        _ => Attributes?.GetValueOrDefault(name),
    };
}
