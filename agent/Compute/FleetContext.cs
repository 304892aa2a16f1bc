using Appliance.Agent.Logging;
using Appliance.Agent.Storage;
using Appliance.Protocol;

namespace Appliance.Agent.Compute;

/// <summary>What all keepers of a node share.</summary>
/// <param name="Drivers">By name.</param>
/// <param name="Report">Takes the statuses of servers.</param>
internal sealed record FleetContext(
    ComputeOptions Options, IReadOnlyDictionary<string, IServerDriver> Drivers, ServerDisks Disks, IPortDevices Ports,
    ConfigDriveWriter WriteConfigDrive, GuestUsers Users, Action<ObjectStatus> Report, Log Log, TimeProvider Clock);
