using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using static Appliance.Agent.Metadata.ConfigDrive.IsoBytes;

namespace Appliance.Agent.Metadata.ConfigDrive;

/// <summary>A small ISO 9660 image with Rock Ridge and Joliet, in memory: what <c>genisoimage -J -r -V config-2</c> makes for Nova.</summary>
internal static class IsoImage
{
    private const string Publisher = "APPLIANCE";
    private const int PrimaryDescriptor = 16;
    private const int JolietDescriptor = 17;
    private const int Terminator = 18;
    private const int FirstFreeSector = 19;

    /// <param name="label">At most 16 characters.</param>
    /// <param name="files">Contents that are the same array are stored once.</param>
    public static byte[] Build(string label, IReadOnlyList<ConfigDriveFile> files, DateTimeOffset time)
    {
        var utc = time.ToUniversalTime();
        var root = IsoNode.Root(files);
        var primary = new IsoHierarchy(root, isJoliet: false, utc);
        var joliet = new IsoHierarchy(root, isJoliet: true, utc);
        int sector = joliet.Layout(primary.Layout(FirstFreeSector));
        var extents = new Dictionary<byte[], int>(ByReference.Instance);
        foreach (var file in files)
        {
            if (extents.TryAdd(file.Content, sector))
                sector += Sectors(file.Content.Length);
        }

        var image = new byte[sector * SectorLength];
        WriteDescriptor(image.AsSpan(PrimaryDescriptor * SectorLength), label, primary, isJoliet: false, sector, utc);
        WriteDescriptor(image.AsSpan(JolietDescriptor * SectorLength), label, joliet, isJoliet: true, sector, utc);
        WriteIdentifier(image.AsSpan(Terminator * SectorLength), 255);
        primary.WriteTo(image, extents);
        joliet.WriteTo(image, extents);
        foreach (var (content, extent) in extents)
            content.CopyTo(image.AsSpan(extent * SectorLength));
        return image;
    }

    private static void WriteIdentifier(Span<byte> descriptor, byte type)
    {
        descriptor[0] = type;
        "CD001"u8.CopyTo(descriptor[1..]);
        descriptor[6] = 1;
    }

    /// <summary>ECMA-119 §8.4 and §8.5; offsets are its byte positions less one.</summary>
    private static void WriteDescriptor(
        Span<byte> descriptor, string label, IsoHierarchy hierarchy, bool isJoliet, int sectorCount, DateTimeOffset time)
    {
        WriteIdentifier(descriptor, isJoliet ? (byte)2 : (byte)1);
        WriteText(descriptor.Slice(8, 32), "", isJoliet);
        WriteText(descriptor.Slice(40, 32), label, isJoliet);
        Both32(descriptor[80..], sectorCount);
        if (isJoliet)
            "%/E"u8.CopyTo(descriptor[88..]);
        Both16(descriptor[120..], 1);
        Both16(descriptor[124..], 1);
        Both16(descriptor[128..], SectorLength);
        Both32(descriptor[132..], hierarchy.PathTableLength);
        BinaryPrimitives.WriteInt32LittleEndian(descriptor[140..], hierarchy.LittleEndianPathTable);
        BinaryPrimitives.WriteInt32BigEndian(descriptor[148..], hierarchy.BigEndianPathTable);
        hierarchy.RootRecord().CopyTo(descriptor[156..]);
        WriteText(descriptor.Slice(190, 128), "", isJoliet);
        WriteText(descriptor.Slice(318, 128), Publisher, isJoliet);
        WriteText(descriptor.Slice(446, 367), "", isJoliet);
        string created = time.ToString("yyyyMMddHHmmss00", CultureInfo.InvariantCulture);
        WriteTime(descriptor[813..], created);
        WriteTime(descriptor[830..], created);
        WriteTime(descriptor[847..], new string('0', 16));
        WriteTime(descriptor[864..], created);
        descriptor[881] = 1;
    }

    private static void WriteText(Span<byte> field, string text, bool isJoliet)
    {
        if (isJoliet)
            Encoding.BigEndianUnicode.GetBytes(text.PadRight(field.Length / 2), field);
        else
            Encoding.ASCII.GetBytes(text.PadRight(field.Length), field);
    }

    /// <summary>16 digits and the offset from UTC (§8.4.26.1).</summary>
    private static void WriteTime(Span<byte> field, string digits) => Encoding.ASCII.GetBytes(digits, field);

    private sealed class ByReference : IEqualityComparer<byte[]>
    {
        public static readonly ByReference Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => ReferenceEquals(x, y);

        public int GetHashCode(byte[] obj) => RuntimeHelpers.GetHashCode(obj);
    }
}
