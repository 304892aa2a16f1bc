using Appliance.Controller.Data;
using Appliance.Controller.Http;

namespace Appliance.Controller.Placement;

/// <summary>Writes what requests change to the change log, in the transaction of the change.</summary>
internal sealed class PlacementChanges(ChangeLog log)
{
    public const string Provider = "resource_provider";
    public const string ResourceClass = "resource_class";
    public const string Trait = "trait";
    public const string Allocation = "allocation";

    /// <param name="id">UUID of a provider or consumer; name of a class or trait.</param>
    /// <param name="action">What happened: <c>create</c>, <c>update</c>, <c>delete</c>, or the part of a provider that changed.</param>
    /// <param name="projectId">Project of a consumer; null: no project owns the thing.</param>
    public Task AppendAsync(
        Session tx, ApiRequest request, string type, string id, string action, CancellationToken ct, string? projectId = null) =>
        log.AppendAsync(tx, request.Actor, new Change(request.Service.Name, type, id, projectId, action), ct);
}
