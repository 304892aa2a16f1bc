using Appliance.Agent.Compute;
using Appliance.Agent.Network.Plan;
using Appliance.Agent.Node;
using Appliance.Agent.Node.Documents;
using Appliance.Protocol;

namespace Appliance.Agent.Commands.Parts;

/// <summary>
/// Tells servers when their ports are there: when the network has reported the port's present generation as active, or as down, which is a plugged
/// cable that carries nothing.
/// </summary>
internal sealed class NodePorts(DocumentStore documents, StatusBoard board) : IPortDevices
{
    public event Action<string>? Changed;

    public PortDevice? Find(string portId)
    {
        var desired = documents.Snapshot();
        if (desired.Find(DocumentKinds.Port, portId, ProtocolJson.Default.PortDocument) is not { } port
            || desired.Find(DocumentKinds.Network, port.Document.NetworkId, ProtocolJson.Default.NetworkDocument) is not { } network
            || board.Find(DocumentKinds.Port, portId) is not { State: "active" or "down" } status || status.Generation < port.Generation)
            return null;

        return new PortDevice(NetworkNames.Tap(portId), port.Document.MacAddress, network.Document.Mtu);
    }

    /// <summary>To be called with every status that changes.</summary>
    public void OnStatus(ObjectStatus status)
    {
        if (status.Kind == DocumentKinds.Port)
            Changed?.Invoke(status.Id);
    }
}
