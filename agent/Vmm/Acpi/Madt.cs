using System.Buffers.Binary;
using Appliance.Vmm.Memory;

namespace Appliance.Vmm.Acpi;

/// <summary>Multiple APIC description table, ACPI 6.5 §5.2.12: the processors and the I/O APIC.</summary>
internal static class Madt
{
    private const byte LocalApic = 0, IoApic = 1, LocalX2Apic = 9;
    private const uint Enabled = 1;

    // 255 is the broadcast address of an APIC; larger ids exist in x2APIC mode only.
    private const int FirstX2ApicId = 255;

    public static byte[] Make(int cpuCount)
    {
        var body = new List<byte>();
        Add(body, MemoryLayout.LocalApic);
        Add(body, 0);                                   // no 8259 pair that a kernel should mask
        for (int id = 0; id < cpuCount; id++)
            AddProcessor(body, (uint)id);

        body.AddRange([IoApic, 12, 0, 0]);
        Add(body, MemoryLayout.IoApic);
        Add(body, 0);                                   // its first GSI
        return AcpiTable.Make("APIC", 6, body.ToArray());
    }

    private static void AddProcessor(List<byte> body, uint id)
    {
        if (id < FirstX2ApicId)
        {
            body.AddRange([LocalApic, 8, (byte)id, (byte)id]);
            Add(body, Enabled);
            return;
        }

        body.AddRange([LocalX2Apic, 16, 0, 0]);
        Add(body, id);
        Add(body, Enabled);
        Add(body, id);
    }

    private static void Add(List<byte> body, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        body.AddRange(bytes);
    }
}
