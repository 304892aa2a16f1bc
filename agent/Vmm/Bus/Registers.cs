using System.Buffers.Binary;

namespace Appliance.Vmm.Bus;

/// <summary>Values of registers in accesses of 1 to 8 bytes, little-endian.</summary>
internal static class Registers
{
    /// <summary>Stores the low bytes of a value.</summary>
    public static void Put(Span<byte> data, ulong value)
    {
        for (int i = 0; i < data.Length; i++)
            data[i] = i < 8 ? (byte)(value >> (8 * i)) : (byte)0;
    }

    /// <summary>The value of at most 8 bytes.</summary>
    public static ulong Get(ReadOnlySpan<byte> data)
    {
        switch (data.Length)
        {
            case 1: return data[0];
            case 2: return BinaryPrimitives.ReadUInt16LittleEndian(data);
            case 4: return BinaryPrimitives.ReadUInt32LittleEndian(data);
        }

        ulong value = 0;
        for (int i = 0; i < data.Length && i < 8; i++)
            value |= (ulong)data[i] << (8 * i);
        return value;
    }

    /// <summary>Copies part of a table of bytes; what lies beyond it reads as zeros.</summary>
    public static void CopyFrom(ReadOnlySpan<byte> table, ulong offset, Span<byte> data)
    {
        data.Clear();
        if (offset < (ulong)table.Length)
        {
            var part = table[(int)offset..];
            part[..Math.Min(part.Length, data.Length)].CopyTo(data);
        }
    }
}
