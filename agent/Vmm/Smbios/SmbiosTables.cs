using System.Buffers.Binary;
using System.Text;
using Appliance.Vmm.Memory;

namespace Appliance.Vmm.Smbios;

/// <summary>Tables of the System Management BIOS, DMTF DSP0134 3.0: firmware and system information.</summary>
internal static class SmbiosTables
{
    private const int AnchorBytes = 24;
    private const byte FirmwareInformation = 0, SystemInformation = 1, EndOfTable = 127;

    // §7.1: characteristics "not supported", and of the second extension byte "a virtual machine".
    private const byte NoCharacteristics = 1 << 3, VirtualMachine = 1 << 4;
    private const byte WakeUpByPowerSwitch = 6;

    /// <summary>Puts anchor and tables where a kernel without firmware searches for them.</summary>
    public static void Write(GuestMemory memory, SystemIdentity identity)
    {
        byte[] tables = Make(identity);
        const ulong start = MemoryLayout.Smbios + 32;
        MakeAnchor(start, tables.Length).CopyTo(memory.Slice(MemoryLayout.Smbios, AnchorBytes));
        tables.CopyTo(memory.Slice(start, (uint)tables.Length));
    }

    /// <summary>The "64-bit entry point", §5.2.2.</summary>
    public static byte[] MakeAnchor(ulong address, int lengthBytes)
    {
        byte[] anchor = new byte[AnchorBytes];
        "_SM3_"u8.CopyTo(anchor);
        anchor[6] = AnchorBytes;
        anchor[7] = 3;                                  // version 3.0
        anchor[10] = 1;                                 // revision of this entry point
        BinaryPrimitives.WriteInt32LittleEndian(anchor.AsSpan(12), lengthBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(anchor.AsSpan(16), address);
        anchor[5] = Acpi.AcpiTable.Checksum(anchor);
        return anchor;
    }

    public static byte[] Make(SystemIdentity identity)
    {
        var tables = new List<byte>();
        byte[] firmware = new byte[20];
        (firmware[0], firmware[1], firmware[4]) = (1, 2, 3);
        firmware[6] = NoCharacteristics;
        firmware[15] = VirtualMachine;
        firmware.AsSpan(16).Fill(0xFF);                 // releases that do not exist
        Add(tables, FirmwareInformation, firmware, identity.Manufacturer, "1", "01/01/2024");

        byte[] system = new byte[23];
        (system[0], system[1], system[2], system[3]) = (1, 2, 3, 4);
        identity.Uuid.TryWriteBytes(system.AsSpan(4));
        system[20] = WakeUpByPowerSwitch;
        system[22] = 5;
        Add(tables, SystemInformation, system, identity.Manufacturer, identity.Product, "1", identity.Uuid.ToString(), "Virtual Machine");
        Add(tables, EndOfTable, []);
        return [.. tables];
    }

    // A structure is its header, its fields, then its strings, each ended by a zero, and one zero more.
    private static void Add(List<byte> tables, byte type, ReadOnlySpan<byte> fields, params ReadOnlySpan<string> strings)
    {
        tables.AddRange([type, (byte)(4 + fields.Length), type, 0]);
        tables.AddRange(fields);
        foreach (string text in strings)
            tables.AddRange([.. Encoding.ASCII.GetBytes(text), 0]);
        if (strings.IsEmpty)
            tables.Add(0);
        tables.Add(0);
    }
}
