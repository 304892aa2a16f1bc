using Appliance.Agent.Network.Guest;
using Appliance.Agent.Node.Documents;
using Appliance.Agent.Node.Reconcile;
using Appliance.Protocol;

namespace Appliance.Agent.Commands.Parts;

/// <summary>DHCP and router advertisements for the guests, from their ports' documents.</summary>
internal sealed class GuestServicesConsumer(GuestServices services) : IConsumer
{
    public string Name => "guest-services";
    public IReadOnlyList<string> Kinds => [DocumentKinds.Port, DocumentKinds.Network];

    public Task<PassResult> ConvergeAsync(DesiredState desired, CancellationToken ct)
    {
        services.Update(NodeGuests.Ports(desired));
        return Task.FromResult(PassResult.Clean);
    }
}
