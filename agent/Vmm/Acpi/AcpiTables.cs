using System.Buffers.Binary;
using Appliance.Vmm.Memory;

namespace Appliance.Vmm.Acpi;

/// <summary>Lays out the tables of a hardware-reduced machine in guest RAM: RSDP → XSDT → FADT (→ DSDT), MADT.</summary>
internal static class AcpiTables
{
    private const int RsdpBytes = 36;

    /// <returns>Guest physical address of the RSDP.</returns>
    public static ulong Write(GuestMemory memory, AcpiMachine machine)
    {
        const ulong rsdp = MemoryLayout.AcpiTables;
        ulong next = rsdp + 64;
        ulong dsdt = Put(memory, ref next, Dsdt.Make(machine));
        ulong fadt = Put(memory, ref next, Fadt.Make(dsdt));
        ulong madt = Put(memory, ref next, Madt.Make(machine.CpuCount));

        byte[] pointers = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(pointers, fadt);
        BinaryPrimitives.WriteUInt64LittleEndian(pointers.AsSpan(8), madt);
        ulong xsdt = Put(memory, ref next, AcpiTable.Make("XSDT", 1, pointers));
        MakeRsdp(xsdt).CopyTo(memory.Slice(rsdp, RsdpBytes));
        return rsdp;
    }

    private static ulong Put(GuestMemory memory, ref ulong next, byte[] table)
    {
        ulong address = next;
        next = (address + (ulong)table.Length + 63) & ~63UL;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(next, MemoryLayout.AcpiTablesEnd);
        table.CopyTo(memory.Slice(address, (uint)table.Length));
        return address;
    }

    // ACPI 6.5 §5.2.5.3: the first checksum covers the 20 bytes of ACPI 1.0, the second all.
    private static byte[] MakeRsdp(ulong xsdt)
    {
        byte[] rsdp = new byte[RsdpBytes];
        "RSD PTR "u8.CopyTo(rsdp);
        "APPLNC"u8.CopyTo(rsdp.AsSpan(9));
        rsdp[15] = 2;
        BinaryPrimitives.WriteInt32LittleEndian(rsdp.AsSpan(20), RsdpBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(rsdp.AsSpan(24), xsdt);
        rsdp[8] = AcpiTable.Checksum(rsdp.AsSpan(0, 20));
        rsdp[32] = AcpiTable.Checksum(rsdp);
        return rsdp;
    }
}
