using System.Collections.Concurrent;
using Appliance.Agent.Compute;

namespace Appliance.Agent.Tests.Compute;

/// <summary>The ports of a node, as the test says they are.</summary>
internal sealed class TestPorts : IPortDevices
{
    private readonly ConcurrentDictionary<string, PortDevice> _devices = new();

    public event Action<string>? Changed;

    public PortDevice? Find(string portId) => _devices.GetValueOrDefault(portId);

    public void Set(string portId, PortDevice device)
    {
        _devices[portId] = device;
        Changed?.Invoke(portId);
    }
}
