namespace Appliance.Protocol.Documents;

/// <summary>A virtual machine this node should have. Status: <see cref="ServerStates"/>, with <see cref="ServerStatusDetails"/>.</summary>
/// <param name="Driver"><c>qemu</c>, <c>kvm</c> or <c>simulated</c>; null: the node's default.</param>
/// <param name="PowerState"><see cref="PowerStates.Running"/> or <see cref="PowerStates.Stopped"/>: what it should be.</param>
/// <param name="RootDiskGiB">Size of the root disk; 0: as large as the image.</param>
/// <param name="EphemeralDiskGiB">0: none.</param>
/// <param name="SwapMiB">0: none.</param>
/// <param name="PortIds">NICs in order.</param>
/// <param name="Operations">One-off commands, oldest first; the node remembers the ids it has carried out, so a repeat does nothing.</param>
public sealed record ServerDocument(
    string Id, string ProjectId, string UserId, string Name, string? Driver, string PowerState, int Vcpus, int MemoryMiB,
    int RootDiskGiB, int EphemeralDiskGiB, int SwapMiB, ImageDocument? Image, IReadOnlyList<string> PortIds, bool ConfigDrive,
    IReadOnlyDictionary<string, string> ExtraSpecs, ServerMetadataDocument Metadata, IReadOnlyList<OperationDocument> Operations);

/// <summary>An image as the node must fetch and verify it; its bytes come over a link channel (<see cref="Link.LinkChannels.Image"/>).</summary>
/// <param name="Sha512">Hex, lower case.</param>
/// <param name="DiskFormat"><c>qcow2</c> or <c>raw</c>: opened as exactly this, never probed.</param>
/// <param name="Kernel">A kernel to boot directly; null: boot from the disk.</param>
public sealed record ImageDocument(
    string Id, string Sha512, long SizeBytes, string DiskFormat, ImageDocument? Kernel, ImageDocument? Ramdisk,
    IReadOnlyDictionary<string, string> Properties);

/// <summary>What the metadata service and the config drive tell the guest.</summary>
/// <param name="UserDataBase64">As given at creation; null: none.</param>
/// <param name="LaunchIndex">Index among the servers of one multi-create request.</param>
/// <param name="PasswordEpoch">How often the password that the guest posted was cleared; what it posted before the last time is forgotten.</param>
public sealed record ServerMetadataDocument(
    string HostName, string AvailabilityZone, string? UserDataBase64, int LaunchIndex, string FlavorName,
    string? ReservationId, IReadOnlyDictionary<string, string> Meta, IReadOnlyList<KeyPairDocument> KeyPairs,
    IReadOnlyList<string> SecurityGroupNames, string? AdminPassword, IReadOnlyList<InjectedFileDocument> Personality,
    int PasswordEpoch = 0);

public sealed record KeyPairDocument(string Name, string Type, string PublicKey);

/// <summary>A file of the deprecated <c>personality</c>, put into the config drive.</summary>
public sealed record InjectedFileDocument(string Path, string ContentsBase64);

/// <param name="Id">Unique for ever.</param>
/// <param name="Kind"><see cref="OperationKinds"/>.</param>
public sealed record OperationDocument(string Id, string Kind);

public static class OperationKinds
{
    /// <summary>Ask the guest by its power button, then start it again; hard after a timeout.</summary>
    public const string RebootSoft = "reboot_soft";
    public const string RebootHard = "reboot_hard";
}

public static class PowerStates
{
    public const string Running = "running";
    public const string Stopped = "stopped";
    public const string Paused = "paused";
    public const string Crashed = "crashed";
    public const string NoState = "nostate";
}

/// <summary>How far the node is with a server document: the <see cref="ObjectStatus.State"/> of a server.</summary>
public static class ServerStates
{
    /// <summary>Fetching the image, making disks, waiting for ports; <see cref="ServerStatusDetails.Progress"/> says which.</summary>
    public const string Building = "building";
    /// <summary>The document is fulfilled: running or stopped as asked, operations done.</summary>
    public const string Converged = "converged";
    /// <summary>The guest stopped by itself although it should run (power-off from inside). The node does not restart it.</summary>
    public const string StoppedByGuest = "stopped_by_guest";
    /// <summary>It cannot be done; <see cref="ObjectStatus.Fault"/> says why. The node retries when the document changes.</summary>
    public const string Error = "error";
}

/// <summary><see cref="ObjectStatus.Details"/> of a server.</summary>
/// <param name="PowerState"><see cref="PowerStates"/>: what it is.</param>
/// <param name="CompletedOperations">Ids among the document's operations that are done.</param>
/// <param name="GuestPassword">What the guest has posted as its (encrypted) password; null: nothing.</param>
/// <param name="PasswordEpoch">The <see cref="ServerMetadataDocument.PasswordEpoch"/> it was posted in.</param>
public sealed record ServerStatusDetails(
    string PowerState, string Driver, string? Progress, DateTimeOffset? StartedAt, IReadOnlyList<string> CompletedOperations,
    string? GuestPassword = null, int PasswordEpoch = 0);
