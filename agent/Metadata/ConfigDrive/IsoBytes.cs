using System.Buffers.Binary;

namespace Appliance.Agent.Metadata.ConfigDrive;

/// <summary>ECMA-119's numbers: most are written in both byte orders, one after the other.</summary>
internal static class IsoBytes
{
    public const int SectorLength = 2048;

    /// <summary>How many sectors hold so many bytes; an empty file has one, so that each has a place.</summary>
    public static int Sectors(int lengthBytes) => Math.Max(1, (lengthBytes + SectorLength - 1) / SectorLength);

    public static void Both16(Span<byte> target, int value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(target, (ushort)value);
        BinaryPrimitives.WriteUInt16BigEndian(target[2..], (ushort)value);
    }

    public static void Both32(Span<byte> target, int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(target, value);
        BinaryPrimitives.WriteInt32BigEndian(target[4..], value);
    }

    public static byte[] Both32(int value)
    {
        var bytes = new byte[8];
        Both32(bytes, value);
        return bytes;
    }

    /// <summary>The 7 bytes of §9.1.5.</summary>
    public static void ShortTime(Span<byte> target, DateTimeOffset utc) =>
        ((ReadOnlySpan<byte>)[(byte)(utc.Year - 1900), (byte)utc.Month, (byte)utc.Day, (byte)utc.Hour, (byte)utc.Minute, (byte)utc.Second, 0])
            .CopyTo(target);
}
