using Appliance.Agent.Node.Documents;
using Appliance.Agent.Node.Reconcile;
using Appliance.Protocol;

namespace Appliance.Agent.Commands.Parts;

/// <summary>
/// The network of a node with the simulated driver: says that everything works and makes nothing, so that thousands of ports cost the machine
/// no interface. For tests of the API and of scale.
/// </summary>
internal sealed class SimulatedNetwork : IConsumer
{
    public string Name => NetworkConsumer.PartName;
    public IReadOnlyList<string> Kinds => NetworkConsumer.DocumentKinds;

    public Task<PassResult> ConvergeAsync(DesiredState desired, CancellationToken ct)
    {
        var statuses = new List<ObjectStatus>();
        foreach (var (generation, network) in desired.Networks)
            statuses.Add(Status(DocumentKinds.Network, network.Id, generation, isUp: true));
        foreach (var (generation, port) in desired.Ports)
            statuses.Add(Status(DocumentKinds.Port, port.Id, generation, port.AdminStateUp));
        foreach (var (generation, router) in desired.Routers)
            statuses.Add(Status(DocumentKinds.Router, router.Id, generation, router.AdminStateUp));
        return Task.FromResult(new PassResult(statuses));
    }

    private static ObjectStatus Status(string kind, string id, long generation, bool isUp) =>
        new(kind, id, generation, isUp ? "active" : "down", null, null);
}
