using Appliance.Vmm.Acpi;
using Appliance.Vmm.Memory;

namespace Appliance.Vmm.Boot;

/// <summary>
/// The few bytes of firmware that a machine without firmware needs: where processors start after a reset, a program that asks for one. Linux 6.1,
/// on hardware-reduced machines without EFI, restarts by a jump there and by nothing else
/// (arch/x86/kernel/reboot.c, BOOT_EFI falls through to BOOT_BIOS); zeros would run for ever.
/// </summary>
internal static class ResetVector
{
    /// <summary>F000:FFF0, the last 16 bytes of the first MiB.</summary>
    public const ulong Address = 0xFFFF0;

    public static void Write(GuestMemory memory)
    {
        const ushort port = PowerPorts.Start + PowerPorts.Reset;
        ReadOnlySpan<byte> code =
        [
            0xB0, PowerPorts.ResetValue,                // mov al, value
            0xBA, port & 0xFF, port >> 8,               // mov dx, port
            0xEE,                                       // out dx, al
            0xF4,                                       // hlt
            0xEB, 0xFD,                                 // jmp to the hlt
        ];
        code.CopyTo(memory.Slice(Address, (uint)code.Length));
    }
}
