using System.Buffers.Binary;
using Appliance.Vmm.Memory;

namespace Appliance.Vmm.Acpi;

/// <summary>Lays out the tables of a hardware-reduced machine: RSDP → XSDT → FADT (→ DSDT), MADT, WDAT.</summary>
internal static class AcpiTables
{
    public const int RsdpBytes = 36;

    /// <summary>Where the RSDP has the XSDT's address, and its two checksums with the length each covers; ACPI 6.5 §5.2.5.3.</summary>
    public const int RsdpXsdt = 24, RsdpChecksum = 8, RsdpChecksumBytes = 20, RsdpExtendedChecksum = 32;

    private const int FadtDsdt = 140;
    private const int Alignment = 64;

    /// <summary>Puts the tables where a kernel without firmware finds them.</summary>
    /// <returns>Guest physical address of the RSDP.</returns>
    public static ulong Write(GuestMemory memory, AcpiMachine machine)
    {
        const ulong rsdp = MemoryLayout.AcpiTables, start = rsdp + Alignment;
        var blob = Make(machine);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + (ulong)blob.Bytes.Length, MemoryLayout.AcpiTablesEnd);
        blob.MoveTo(start).CopyTo(memory.Slice(start, (uint)blob.Bytes.Length));
        MakeRsdp(start + (ulong)blob.Xsdt).CopyTo(memory.Slice(rsdp, RsdpBytes));
        return rsdp;
    }

    /// <summary>All tables but the RSDP, as they would be at address 0.</summary>
    public static AcpiBlob Make(AcpiMachine machine)
    {
        var blob = new AcpiBlobBuilder(Alignment);
        int dsdt = blob.Add(Dsdt.Make(machine));
        int fadt = blob.Add(Fadt.Make((ulong)dsdt), FadtDsdt);
        int madt = blob.Add(Madt.Make(machine.CpuCount));

        int[] tables = machine.HasWatchdog ? [fadt, madt, blob.Add(Wdat.Make())] : [fadt, madt];

        byte[] pointers = new byte[8 * tables.Length];
        int[] places = new int[tables.Length];
        for (int i = 0; i < tables.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(pointers.AsSpan(8 * i), (ulong)tables[i]);
            places[i] = AcpiTable.HeaderBytes + 8 * i;
        }

        int xsdt = blob.Add(AcpiTable.Make("XSDT", 1, pointers), places);
        return blob.ToBlob(xsdt);
    }

    public static byte[] MakeRsdp(ulong xsdt)
    {
        byte[] rsdp = new byte[RsdpBytes];
        "RSD PTR "u8.CopyTo(rsdp);
        "APPLNC"u8.CopyTo(rsdp.AsSpan(9));
        rsdp[15] = 2;
        BinaryPrimitives.WriteInt32LittleEndian(rsdp.AsSpan(20), RsdpBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(rsdp.AsSpan(RsdpXsdt), xsdt);
        rsdp[RsdpChecksum] = AcpiTable.Checksum(rsdp.AsSpan(0, RsdpChecksumBytes));
        rsdp[RsdpExtendedChecksum] = AcpiTable.Checksum(rsdp);
        return rsdp;
    }
}
