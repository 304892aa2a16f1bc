using System.Buffers.Binary;

namespace Appliance.Vmm.Acpi;

/// <summary>Fixed ACPI description table of a hardware-reduced machine, ACPI 6.5 §5.2.9.</summary>
internal static class Fadt
{
    private const int Bytes = 276;

    // Offsets in the table.
    private const int IAPC_BOOT_ARCH = 109;
    private const int Flags = 112;
    private const int RESET_REG = 116;
    private const int RESET_VALUE = 128;
    private const int MinorVersion = 131;
    private const int X_DSDT = 140;
    private const int SLEEP_CONTROL_REG = 244;
    private const int SLEEP_STATUS_REG = 256;
    private const int HypervisorVendor = 268;

    // Bit 1 (8042) stays clear: a guest that looks for a keyboard controller nobody has waits for a second.
    private const ushort NoVga = 1 << 2, NoCmosClock = 1 << 5;
    private const uint WbinvdWorks = 1 << 0, SleepButtonIsDevice = 1 << 5, PowerButtonIsDevice = 1 << 4, ResetRegister = 1 << 10, HardwareReduced = 1 << 20;
    private const byte SystemIo = 1, ByteAccess = 1;

    public static byte[] Make(ulong dsdt)
    {
        Span<byte> table = new byte[Bytes];
        BinaryPrimitives.WriteUInt16LittleEndian(table[IAPC_BOOT_ARCH..], NoVga | NoCmosClock);
        BinaryPrimitives.WriteUInt32LittleEndian(
            table[Flags..], WbinvdWorks | SleepButtonIsDevice | PowerButtonIsDevice | ResetRegister | HardwareReduced);
        PutPort(table[RESET_REG..], PowerPorts.Start + PowerPorts.Reset);
        table[RESET_VALUE] = PowerPorts.ResetValue;
        table[MinorVersion] = 5;
        BinaryPrimitives.WriteUInt64LittleEndian(table[X_DSDT..], dsdt);
        PutPort(table[SLEEP_CONTROL_REG..], PowerPorts.Start + PowerPorts.SleepControl);
        PutPort(table[SLEEP_STATUS_REG..], PowerPorts.Start + PowerPorts.SleepStatus);
        "APPLVMM "u8.CopyTo(table[HypervisorVendor..]);
        return AcpiTable.Make("FACP", 6, table[AcpiTable.HeaderBytes..]);
    }

    // Generic address structure, ACPI 6.5 §5.2.3.2.
    private static void PutPort(Span<byte> target, int port)
    {
        target[0] = SystemIo;
        target[1] = 8;
        target[3] = ByteAccess;
        BinaryPrimitives.WriteUInt64LittleEndian(target[4..], (ulong)port);
    }
}
