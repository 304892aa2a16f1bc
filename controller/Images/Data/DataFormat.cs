using System.Buffers.Binary;

namespace Appliance.Controller.Images.Data;

/// <summary>
/// What the first bytes of image data say it is: fixed fields only, so nothing of it can be followed or believed further. Formats and
/// strictness are Glance's (oslo.utils, imageutils/format_inspector.py).
/// </summary>
internal static class DataFormat
{
    public const string Qcow2 = "qcow2";

    /// <summary>Also whatever is not recognized.</summary>
    public const string Raw = "raw";

    /// <summary>Enough for every field that is looked at.</summary>
    public const int HeaderBytes = 512;

    // Data of these formats is recognized beyond doubt, so data that is not must not claim to be.
    private static readonly string[] Recognizable = [Qcow2, "vmdk", "vhdx", "vdi"];

    private const ulong ExternalDataFile = 1 << 2;

    public static string Of(ReadOnlySpan<byte> header)
    {
        if (header.StartsWith((ReadOnlySpan<byte>)[(byte)'Q', (byte)'F', (byte)'I', 0xfb]))
            return Qcow2;
        if (header.StartsWith("KDMV"u8) || header.StartsWith("COWD"u8) || header.StartsWith("# Disk DescriptorFile"u8))
            return "vmdk";
        if (header.StartsWith("vhdxfile"u8))
            return "vhdx";
        return header.Length >= 68 && BinaryPrimitives.ReadUInt32LittleEndian(header[64..]) == 0xbeda107f ? "vdi" : Raw;
    }

    /// <summary>Whether data may be stored under a format. As <c>raw</c> anything may: it is never opened as something else.</summary>
    public static bool Fits(string diskFormat, string found) =>
        diskFormat == Raw || found == diskFormat || (found == Raw && !Recognizable.Contains(diskFormat));

    /// <summary>What of a qcow2 header makes whoever opens the data open another file too; null: nothing.</summary>
    public static string? FindReference(ReadOnlySpan<byte> header)
    {
        if (header.Length >= 16 && BinaryPrimitives.ReadUInt64BigEndian(header[8..]) != 0)
            return "it has a backing file";
        return header.Length >= 80 && BinaryPrimitives.ReadUInt32BigEndian(header[4..]) >= 3
            && (BinaryPrimitives.ReadUInt64BigEndian(header[72..]) & ExternalDataFile) != 0
            ? "it keeps its data in another file" : null;
    }
}
