using System.Buffers.Binary;
using System.Text;

namespace Appliance.Vmm.Acpi;

/// <summary>The header that all ACPI tables start with, and their checksum; ACPI 6.5 §5.2.6.</summary>
internal static class AcpiTable
{
    public const int HeaderBytes = 36;

    /// <summary>Where the header has its checksum.</summary>
    public const int ChecksumAt = 9;

    /// <param name="signature">Four characters.</param>
    public static byte[] Make(string signature, byte revision, ReadOnlySpan<byte> body)
    {
        byte[] table = new byte[HeaderBytes + body.Length];
        Encoding.ASCII.GetBytes(signature, table);
        BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(4), table.Length);
        table[8] = revision;
        "APPLNC"u8.CopyTo(table.AsSpan(10));
        "APPLVMM "u8.CopyTo(table.AsSpan(16));
        BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(24), 1);
        "APPL"u8.CopyTo(table.AsSpan(28));
        BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(32), 1);
        body.CopyTo(table.AsSpan(HeaderBytes));
        table[ChecksumAt] = Checksum(table);
        return table;
    }

    /// <summary>The byte that makes the sum of all bytes 0.</summary>
    public static byte Checksum(ReadOnlySpan<byte> bytes)
    {
        byte sum = 0;
        foreach (byte value in bytes)
            sum += value;
        return (byte)-sum;
    }
}
