namespace Appliance.Controller.Networking.Ports;

/// <summary>The values of <c>device_owner</c> that mean something to this service. Source: neutron_lib/constants.py.</summary>
internal static class DeviceOwners
{
    public const string RouterInterface = "network:router_interface";
    public const string RouterGateway = "network:router_gateway";
    public const string FloatingIp = "network:floatingip";
    public const string Dhcp = "network:dhcp";

    /// <summary>Prefix of ports that network services own.</summary>
    public const string NetworkPrefix = "network:";

    /// <summary>Prefix of ports that servers own: <c>compute:nova</c>.</summary>
    public const string ComputePrefix = "compute:";

    public static bool IsNetwork(string owner) => owner.StartsWith(NetworkPrefix, StringComparison.Ordinal);
    public static bool IsCompute(string owner) => owner.StartsWith(ComputePrefix, StringComparison.Ordinal);
    public static bool IsRouter(string owner) => owner is RouterInterface or RouterGateway;
}
