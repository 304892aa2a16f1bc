namespace Appliance.Vmm.Boot;

/// <summary>What a guest boots from.</summary>
/// <param name="CommandLine">ASCII.</param>
/// <param name="Rsdp">Guest physical address of the ACPI root pointer.</param>
/// <param name="PrefersPvh">Of an ELF kernel that offers both entries take the PVH one.</param>
internal sealed record BootRequest(ImageFile Kernel, ImageFile? Initrd, string CommandLine, ulong Rsdp, bool PrefersPvh = false);
