using Appliance.Controller.Compute.Flavors;
using Appliance.Controller.Http;
using Appliance.Protocol.Documents;

namespace Appliance.Controller.Compute.Servers.Create;

/// <summary>Whether an image and a flavor go together (nova/compute/api.py, _check_requested_image).</summary>
internal static class ImageRules
{
    private const long BytesPerGiB = 1L << 30;

    // What the node reads: the others need a conversion that nobody asked for.
    private static readonly string[] BootableFormats = ["qcow2", "raw"];

    private static readonly string[] PartFormats = ["aki", "ari", "ami", "raw"];

    public static Fault? Check(BootImage image, Flavor flavor)
    {
        if (image.Status != "active" || image.Sha512 is null)
            return ComputeFaults.Invalid($"Image {image.Id} is not active.");
        if (!BootableFormats.Contains(image.DiskFormat))
            return Unacceptable(image, $"its disk format is {image.DiskFormat}; servers boot from qcow2 and raw");
        if (image.BootFault is { } broken)
            return Unacceptable(image, broken);
        if (image.MinRamMiB > flavor.MemoryMiB)
            return ComputeFaults.Invalid("Flavor's memory is too small for requested image.");
        return flavor.RootGiB == 0 ? null : CheckDisk(image, flavor.RootGiB * BytesPerGiB);
    }

    /// <summary>A kernel or a ramdisk: the bytes of the image are the file.</summary>
    public static Fault? CheckPart(BootImage part)
    {
        if (part.Status != "active" || part.Sha512 is null)
            return ComputeFaults.Invalid($"Image {part.Id} is not active.");
        return PartFormats.Contains(part.DiskFormat)
            ? null
            : Unacceptable(part, $"its disk format is {part.DiskFormat}; kernels and ramdisks are aki, ari, ami or raw");
    }

    /// <summary>The image as its node gets it.</summary>
    public static ImageDocument ToDocument(BootImage image, BootImage? kernel, BootImage? ramdisk) => new(
        image.Id, image.Sha512!, image.SizeBytes, image.DiskFormat!, kernel is null ? null : ToDocument(kernel, null, null),
        ramdisk is null ? null : ToDocument(ramdisk, null, null), image.Properties);

    private static Fault? CheckDisk(BootImage image, long diskBytes)
    {
        var imageBytes = Math.Max(image.SizeBytes, image.VirtualSizeBytes ?? 0);
        if (imageBytes > diskBytes)
            return ComputeFaults.Invalid(
                $"Flavor's disk is too small for requested image. Flavor disk is {diskBytes} bytes, image is {imageBytes} bytes.");
        return image.MinDiskGiB * BytesPerGiB > diskBytes
            ? ComputeFaults.Invalid("Flavor's disk is smaller than the minimum size specified in image metadata. "
                + $"Flavor disk is {diskBytes} bytes, minimum size is {image.MinDiskGiB * BytesPerGiB} bytes.")
            : null;
    }

    private static Fault Unacceptable(BootImage image, string reason) => ComputeFaults.Invalid($"Image {image.Id} is unacceptable: {reason}");
}
