using Appliance.Controller.Compute;
using Appliance.Controller.Data;
using Appliance.Controller.Http;

namespace Appliance.Controller.Images;

/// <summary>What Compute asks of images.</summary>
internal sealed class ImagesForServers : IServerImages
{
    public async Task<BootImage?> FindAsync(Session tx, Caller caller, string imageId, CancellationToken ct)
    {
        if ((await ImageLookup.FindVisibleAsync(tx, imageId, caller, ct)).Failed(out _, out var image))
            return null;
        return new BootImage(
            image.Id, image.Name ?? "", image.Status, image.SizeBytes ?? 0, image.VirtualSizeBytes, image.MinDiskGiB, image.MinRamMiB,
            image.DiskFormat, image.ContainerFormat, image.HashValue, image.Properties, image.InspectionFault);
    }
}
