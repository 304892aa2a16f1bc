using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Policies;
using Appliance.Controller.Networking.Projection;

namespace Appliance.Controller.Networking;

/// <summary>The ground the resources of this service stand on.</summary>
internal sealed record NetworkingContext(
    Database Database, ChangeLog Changes, PolicyEngine Policy, TimeProvider Clock, ControllerOptions Options)
{
    public ProjectionMarks Marks { get; } = new();

    /// <summary>Finds the node that goes by this host name; set once, before serving.</summary>
    public Func<string, string?> FindNodeId { get; set; } = static _ => null;

    /// <summary>Appends a change of a resource to the log, in the transaction of the change.</summary>
    public Task LogAsync(Session tx, Actor actor, string kind, Resources.Resource item, string action, CancellationToken ct) =>
        Changes.AppendAsync(tx, actor, new Change("neutron", kind, item.Id, item.ProjectId, action), ct);

    /// <summary>Null when the caller may do what <paramref name="rule"/> names to something of this project.</summary>
    public Fault? Check(string rule, Caller caller, string? projectId) =>
        Policy.Allows("neutron", rule, caller, new PolicyTarget(projectId)) ? null : NeutronErrors.Forbidden(rule);
}

/// <summary>Who asks, in a request that changes something.</summary>
internal sealed record Requester(Caller Caller, Actor Actor);
