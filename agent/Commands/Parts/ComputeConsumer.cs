using Appliance.Agent.Compute;
using Appliance.Agent.Node.Documents;
using Appliance.Agent.Node.Reconcile;
using Appliance.Protocol;

namespace Appliance.Agent.Commands.Parts;

/// <summary>The servers. The fleet works on by itself and reports as it gets there; a pass only tells it what should be.</summary>
internal sealed class ComputeConsumer(ServerFleet fleet) : IConsumer
{
    public const string PartName = "compute";

    public string Name => PartName;
    public IReadOnlyList<string> Kinds => [DocumentKinds.Server];

    public Task<PassResult> ConvergeAsync(DesiredState desired, CancellationToken ct)
    {
        fleet.Update(desired.Servers);
        var remaining = desired.Removed
            .Where(removed => removed.Kind == DocumentKinds.Server && fleet.Holds(removed.Id))
            .Select(static removed => new DocumentKey(removed.Kind, removed.Id))
            .ToHashSet();
        return Task.FromResult(new PassResult(
            [.. desired.Unreadable(DocumentKinds.Server, ProtocolJson.Default.ServerDocument)], remaining));
    }
}
