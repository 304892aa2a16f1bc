using System.Buffers.Binary;

namespace Appliance.Vmm.Acpi;

/// <summary>Descriptors of a device's resources, ACPI 6.5 §6.4.</summary>
internal static class ResourceDescriptors
{
    /// <summary>Fixed I/O ports: "I/O Port Descriptor", 16-bit decode.</summary>
    public static byte[] Ports(ushort start, byte count) =>
        [0x47, 1, (byte)start, (byte)(start >> 8), (byte)start, (byte)(start >> 8), 1, count];

    /// <summary>An edge-triggered, active-high interrupt of our own: "Extended Interrupt Descriptor".</summary>
    public static byte[] Interrupt(uint gsi)
    {
        byte[] descriptor = [0x89, 6, 0, 0b0000_0011, 1, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor.AsSpan(5), gsi);
        return descriptor;
    }

    /// <summary>Fixed memory below 4 GiB: "32-bit Fixed Memory Range Descriptor".</summary>
    public static byte[] Memory(uint start, uint lengthBytes)
    {
        byte[] descriptor = [0x86, 9, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor.AsSpan(4), start);
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor.AsSpan(8), lengthBytes);
        return descriptor;
    }

    /// <summary>The buses below a bridge: "Word Address Space Descriptor", type 2.</summary>
    public static byte[] Buses(ushort first, ushort last) => Window16(2, 0, first, last);

    /// <summary>Memory that a bridge passes on: "DWord Address Space Descriptor", not cacheable, writable.</summary>
    public static byte[] MemoryWindow(uint first, uint last)
    {
        byte[] descriptor = new byte[26];
        descriptor[0] = 0x87;
        descriptor[1] = 23;
        descriptor[4] = 0b0000_1100;                    // minimum and maximum are fixed
        descriptor[5] = 1;
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor.AsSpan(10), first);
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor.AsSpan(14), last);
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor.AsSpan(22), last - first + 1);
        return descriptor;
    }

    private static byte[] Window16(byte type, byte typeFlags, ushort first, ushort last)
    {
        byte[] descriptor = new byte[16];
        descriptor[0] = 0x88;
        descriptor[1] = 13;
        descriptor[3] = type;
        descriptor[4] = 0b0000_1100;
        descriptor[5] = typeFlags;
        BinaryPrimitives.WriteUInt16LittleEndian(descriptor.AsSpan(8), first);
        BinaryPrimitives.WriteUInt16LittleEndian(descriptor.AsSpan(10), last);
        BinaryPrimitives.WriteUInt16LittleEndian(descriptor.AsSpan(14), (ushort)(last - first + 1));
        return descriptor;
    }
}
