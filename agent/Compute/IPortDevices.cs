namespace Appliance.Agent.Compute;

/// <summary>What servers need to know of the node's ports. Implemented outside: this folder knows nothing of networks.</summary>
internal interface IPortDevices
{
    /// <summary>The port's device; null until traffic can flow over it (its status is active for the current generation of its document).</summary>
    PortDevice? Find(string portId);

    /// <summary>A port's device came, changed or went; the argument is the port's id. Raised from any thread; handlers do not block.</summary>
    event Action<string>? Changed;
}

/// <param name="TapName">Interface name of a persistent TAP device in the agent's network namespace.</param>
/// <param name="MacAddress">The guest's, for example <c>fa:16:3e:00:00:01</c>.</param>
/// <param name="Mtu">Largest IP packet, in bytes.</param>
internal sealed record PortDevice(string TapName, string MacAddress, int Mtu);
