using Appliance.Controller.Data;
using Appliance.Controller.Http;

namespace Appliance.Controller.Compute;

/// <summary>Images to boot from; declared here, implemented by Images.</summary>
internal interface IServerImages
{
    /// <summary>An image that the caller may see (own, public, community, shared and accepted or pending); null when there is none.</summary>
    Task<BootImage?> FindAsync(Session tx, Caller caller, string imageId, CancellationToken ct);
}

/// <summary>An image as a server needs it.</summary>
/// <param name="Status">Glance's: <c>active</c>, <c>queued</c>, <c>deactivated</c> …</param>
/// <param name="SizeBytes">Of the data as stored; 0 before it is uploaded.</param>
/// <param name="VirtualSizeBytes">Of the disk inside; null when unknown.</param>
/// <param name="Sha512">Hex, lower case; null before the data is uploaded.</param>
/// <param name="BootFault">Why the data cannot be booted although it is stored (a corrupt or encrypted qcow2); null when it can.</param>
/// <param name="Properties">Additional properties, <c>kernel_id</c> and <c>ramdisk_id</c> among them.</param>
internal sealed record BootImage(
    string Id, string Name, string Status, long SizeBytes, long? VirtualSizeBytes, int MinDiskGiB, int MinRamMiB, string? DiskFormat,
    string? ContainerFormat, string? Sha512, IReadOnlyDictionary<string, string> Properties, string? BootFault = null);
