using System.Numerics;
using System.Runtime.InteropServices;

namespace Appliance.Vmm.Snapshots;

/// <summary>CRC-32C (Castagnoli), RFC 3720 appendix B.4: one instruction per 8 bytes.</summary>
internal static class Checksum
{
    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(bytes))
            crc = BitOperations.Crc32C(crc, word);
        foreach (byte value in bytes[(bytes.Length & ~7)..])
            crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }
}
