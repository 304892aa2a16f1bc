using Appliance.Protocol.Documents;

namespace Appliance.Agent.Storage;

/// <summary>The disks a server should have.</summary>
/// <param name="Folder">The server's own.</param>
/// <param name="RootDiskGiB">0: as large as the image.</param>
/// <param name="UserId">Owner of the disks; null: the agent.</param>
internal sealed record ServerDiskRequest(
    string Folder, ImageDocument? Image, int RootDiskGiB, int EphemeralDiskGiB, int SwapMiB, int? UserId);

/// <summary>Files of a server, each whole; null: the server has none.</summary>
/// <param name="KernelPath">A kernel to boot directly, readable by everybody.</param>
internal sealed record ServerDiskSet(
    string? RootPath, string? EphemeralPath, string? SwapPath, string? KernelPath, string? RamdiskPath, string? ConfigDrivePath = null);
