namespace Appliance.Controller.Compute.Hosts;

/// <summary>One entry of <c>os-services</c>.</summary>
internal sealed record ComputeService(
    long Number, string Binary, string HostName, string Zone, bool IsDisabled, string? DisabledReason, bool IsUp, bool IsForcedDown, DateTimeOffset? UpdatedAt);

/// <summary>
/// The services that make up a compute cloud in the eyes of its clients: one <c>nova-compute</c> a node, and what conducts and schedules,
/// which here is the controller's one process under both names.
/// </summary>
internal static class ServiceList
{
    public const string Compute = "nova-compute";

    private static readonly string[] OfController = ["nova-conductor", "nova-scheduler"];

    /// <summary>Ids count the controller's own services first.</summary>
    public static long NumberOf(ComputeHost host) => host.Number + OfController.Length;

    public static List<ComputeService> From(IEnumerable<ComputeHost> hosts, DateTimeOffset now) =>
    [
        .. OfController.Select((binary, index) =>
            new ComputeService(index + 1, binary, Environment.MachineName, HostStore.InternalZone, false, null, true, false, now)),
        .. hosts.Where(static host => host.Number > 0).Select(static host => new ComputeService(
            NumberOf(host), Compute, host.Node.HostName, host.Zone, host.IsDisabled, host.DisabledReason, host.IsUp, host.IsForcedDown,
            host.Node.LastSeenAt)),
    ];
}
