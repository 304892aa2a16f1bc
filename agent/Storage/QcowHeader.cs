using System.Buffers.Binary;

namespace Appliance.Agent.Storage;

/// <summary>
/// The fixed part of a qcow2 file's header (QEMU docs/interop/qcow2.txt), read here before any tool sees the file: what it refuses never
/// reaches a parser that would open other files.
/// </summary>
internal static class QcowHeader
{
    /// <summary>Bytes to read from the start of the file.</summary>
    public const int LengthBytes = 104;

    private const uint Magic = 0x514649FB;
    private const int Version3HeaderBytes = 104;
    private const int Version2HeaderBytes = 72;

    // incompatible_features, bit 2: guest data is in another file.
    private const ulong ExternalDataFile = 1 << 2;

    /// <summary>Why this header is refused; null when it is a self-contained, unencrypted qcow2 file.</summary>
    /// <param name="virtualBytes">Size of the disk it unfolds to.</param>
    public static string? Check(ReadOnlySpan<byte> header, out ulong virtualBytes)
    {
        virtualBytes = 0;
        if (header.Length < Version2HeaderBytes || BinaryPrimitives.ReadUInt32BigEndian(header) != Magic)
            return "it is not a qcow2 file";

        var version = BinaryPrimitives.ReadUInt32BigEndian(header[4..]);
        if (version is not (2 or 3) || (version == 3 && header.Length < Version3HeaderBytes))
            return $"its qcow2 version {version} is unknown";
        if (BinaryPrimitives.ReadUInt64BigEndian(header[8..]) != 0)
            return "it has a backing file";
        if (BinaryPrimitives.ReadUInt32BigEndian(header[32..]) != 0)
            return "it is encrypted";
        if (version == 3 && (BinaryPrimitives.ReadUInt64BigEndian(header[72..]) & ExternalDataFile) != 0)
            return "its data is in another file";

        virtualBytes = BinaryPrimitives.ReadUInt64BigEndian(header[24..]);
        return null;
    }
}
