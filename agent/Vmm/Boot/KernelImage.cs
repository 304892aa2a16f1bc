using Appliance.Vmm.Memory;

namespace Appliance.Vmm.Boot;

/// <summary>Finds out what kind of kernel a file is and loads it.</summary>
internal static class KernelImage
{
    /// <param name="prefersPvh">Of an ELF kernel that offers both entries take the PVH one.</param>
    /// <param name="entry">Null exactly when there is a fault.</param>
    public static BootFault? Load(ImageFile image, GuestMemory memory, bool prefersPvh, out KernelEntry? entry)
    {
        entry = null;
        if (ElfKernel.IsElf(image))
            return ElfKernel.Load(image, memory, prefersPvh, out entry);
        if (BzImage.IsBzImage(image))
            return BzImage.Load(image, memory, out entry);
        return new BootFault("the kernel is neither a bzImage nor an ELF file");
    }
}
