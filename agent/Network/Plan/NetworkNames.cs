namespace Appliance.Agent.Network.Plan;

/// <summary>
/// Names of the kernel objects that belong to the agent: what carries such a name and is not wanted is removed. Interface names take
/// 15 characters, so they hold the first 11 of an id, as Neutron's do (neutron_lib, constants.DEVICE_NAME_MAX_LEN).
/// </summary>
internal static class NetworkNames
{
    public const string BridgePrefix = "apb-";
    public const string VxlanPrefix = "apx-";
    public const string TapPrefix = "tap";

    /// <summary>The bridge's end of a veth pair to a router's namespace.</summary>
    public const string RouterPortPrefix = "apv-";

    /// <summary>The bridge's end of a veth pair to the metadata namespace.</summary>
    public const string MetadataPortPrefix = "apm-";

    /// <summary>The bridge's end of a veth pair to the operator's bridge or the machine itself, and the other end at an operator's bridge.</summary>
    public const string UplinkPrefix = "apu-";
    public const string UplinkPeerPrefix = "apo-";

    /// <summary>The nf_tables tables of the agent, in each namespace and family.</summary>
    public const string Table = "appliance";

    /// <summary>Interface inside a metadata namespace.</summary>
    public const string MetadataInterface = "meta";

    private const string RouterNamespacePrefix = "aprouter-";
    private const string MetadataNamespacePrefix = "apmeta-";
    private const int IdLength = 36;
    private const int ShortLength = 11;

    public static string Bridge(string networkId) => BridgePrefix + Short(networkId);

    public static string Vxlan(string networkId) => VxlanPrefix + Short(networkId);

    /// <summary>The TAP device of a port: the name Neutron gives it too.</summary>
    public static string Tap(string portId) => TapPrefix + Short(portId);

    public static string RouterPort(string portId) => RouterPortPrefix + Short(portId);

    public static string MetadataPort(string networkId) => MetadataPortPrefix + Short(networkId);

    public static string Uplink(string networkId) => UplinkPrefix + Short(networkId);

    public static string UplinkPeer(string networkId) => UplinkPeerPrefix + Short(networkId);

    /// <summary>Interface of a router inside its namespace, as Neutron names them.</summary>
    public static string RouterInterface(string portId) => "qr-" + Short(portId);

    public static string RouterGateway(string portId) => "qg-" + Short(portId);

    /// <param name="instance"><see cref="NetworkOptions.Instance"/>.</param>
    public static string RouterNamespace(string instance, string routerId) => Prefixed(RouterNamespacePrefix, instance) + routerId;

    /// <summary>The namespace where guests of a network find the metadata address: at most one a network on this node.</summary>
    public static string MetadataNamespace(string instance, string networkId) => Prefixed(MetadataNamespacePrefix, instance) + networkId;

    public static bool IsOwnNamespace(string instance, string name) =>
        IsOwn(Prefixed(RouterNamespacePrefix, instance), name) || IsOwn(Prefixed(MetadataNamespacePrefix, instance), name);

    /// <summary>Whether an interface of the agent's namespace is the agent's to remove.</summary>
    public static bool IsOwnLink(string name) =>
        name.StartsWith(BridgePrefix, StringComparison.Ordinal)
        || name.StartsWith(VxlanPrefix, StringComparison.Ordinal)
        || name.StartsWith(RouterPortPrefix, StringComparison.Ordinal)
        || name.StartsWith(MetadataPortPrefix, StringComparison.Ordinal)
        || name.StartsWith(UplinkPrefix, StringComparison.Ordinal)
        || IsOwnTap(name);

    // Not just any tap: "tap0" may be the operator's.
    private static bool IsOwnTap(string name) =>
        name.Length == TapPrefix.Length + ShortLength && name.StartsWith(TapPrefix, StringComparison.Ordinal) && name[TapPrefix.Length + 8] == '-';

    // The rest being an id keeps an agent without an instance name off the others' namespaces.
    private static bool IsOwn(string prefix, string name) =>
        name.Length == prefix.Length + IdLength && name.StartsWith(prefix, StringComparison.Ordinal);

    private static string Prefixed(string prefix, string instance) => instance.Length == 0 ? prefix : $"{prefix}{instance}-";

    private static string Short(string id) => id.Length <= ShortLength ? id : id[..ShortLength];
}
