using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Protocol.Documents;

namespace Appliance.Controller.Compute.Servers.Create;

/// <summary>The kernel and the ramdisk that an image names (nova/compute/api.py, _handle_kernel_and_ramdisk).</summary>
internal static class BootParts
{
    /// <summary>The image as its node gets it, with its parts. A part that is named must be there and bootable, as the image itself.</summary>
    public static async Task<Outcome<ImageDocument>> FindAsync(
        Session tx, Caller caller, IServerImages images, BootImage image, CancellationToken ct)
    {
        if ((await FindAsync(tx, caller, images, image, "kernel_id", ct)).Failed(out var badKernel, out var kernel))
            return badKernel;
        if ((await FindAsync(tx, caller, images, image, "ramdisk_id", ct)).Failed(out var badRamdisk, out var ramdisk))
            return badRamdisk;
        return ImageRules.ToDocument(image, kernel.FirstOrDefault(), ramdisk.FirstOrDefault());
    }

    // None or one: an outcome has no null.
    private static async Task<Outcome<BootImage[]>> FindAsync(
        Session tx, Caller caller, IServerImages images, BootImage image, string property, CancellationToken ct)
    {
        if (!image.Properties.TryGetValue(property, out var id) || id.Length == 0)
            return Array.Empty<BootImage>();
        if (await images.FindAsync(tx, caller, id, ct) is not { } part)
            return ComputeFaults.Invalid("Can not find requested image");
        return ImageRules.CheckPart(part) is { } unfit ? unfit : new[] { part };
    }
}
