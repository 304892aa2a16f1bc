using System.Buffers.Binary;
using System.Text;
using static Appliance.Agent.Metadata.ConfigDrive.IsoBytes;

namespace Appliance.Agent.Metadata.ConfigDrive;

/// <summary>
/// One of an image's two views of the same files: the primary one with Rock Ridge names and modes, which Linux reads, or the Joliet one, which
/// Windows reads. Formats: ECMA-119 §6.8, §6.9, §9.1; RRIP 1.10; Joliet 3.
/// </summary>
internal sealed class IsoHierarchy(IsoNode root, bool isJoliet, DateTimeOffset time)
{
    private const byte FolderFlag = 2;
    private const int RecordHeaderLength = 33;

    // POSIX types with r-xr-xr-x and r--r--r--, as genisoimage -r gives.
    private const int FolderMode = 0x4000 | 0x16D;
    private const int FileMode = 0x8000 | 0x124;

    private readonly IReadOnlyList<IsoNode> _folders = root.Folders();
    private readonly Dictionary<IsoNode, int> _extents = [];

    public int PathTableLength { get; private set; }

    public int LittleEndianPathTable { get; private set; }

    public int BigEndianPathTable { get; private set; }

    /// <summary>Gives path tables and folders their sectors.</summary>
    /// <returns>The first sector that is still free.</returns>
    public int Layout(int sector)
    {
        PathTableLength = WritePathTable(bigEndian: false).Length;
        LittleEndianPathTable = sector;
        BigEndianPathTable = sector += Sectors(PathTableLength);
        sector += Sectors(PathTableLength);
        foreach (var folder in _folders)
        {
            _extents[folder] = sector;
            sector += Sectors(LengthOf(folder));
        }

        return sector;
    }

    /// <param name="files">Where the contents lie.</param>
    public void WriteTo(Span<byte> image, IReadOnlyDictionary<byte[], int> files)
    {
        WritePathTable(bigEndian: false).CopyTo(image[(LittleEndianPathTable * SectorLength)..]);
        WritePathTable(bigEndian: true).CopyTo(image[(BigEndianPathTable * SectorLength)..]);
        foreach (var folder in _folders)
        {
            int position = _extents[folder] * SectorLength;
            foreach (byte[] record in RecordsOf(folder, files))
            {
                position = Place(position, record.Length);
                record.CopyTo(image[position..]);
                position += record.Length;
            }
        }
    }

    /// <summary>The 34 bytes of the root folder that the volume descriptor repeats.</summary>
    public byte[] RootRecord() => Record([0], _extents[root], LengthOf(root), FolderFlag, []);

    private int LengthOf(IsoNode folder)
    {
        int length = 0;
        foreach (byte[] record in RecordsOf(folder, null))
            length = Place(length, record.Length) + record.Length;
        return Sectors(length) * SectorLength;
    }

    /// <summary>A record does not cross the end of a sector (§6.8.1.1).</summary>
    private static int Place(int position, int length) =>
        position % SectorLength + length > SectorLength ? (position / SectorLength + 1) * SectorLength : position;

    /// <param name="files">Null: only the lengths of the records are right.</param>
    private IEnumerable<byte[]> RecordsOf(IsoNode folder, IReadOnlyDictionary<byte[], int>? files)
    {
        yield return FolderRecord([0], folder, files, folder == root ? RootEntries() : PosixEntry(FolderMode));
        yield return FolderRecord([1], folder.Parent, files, PosixEntry(FolderMode));
        foreach (var child in folder.Children)
        {
            byte[] name = Identifier(child);
            byte[] entries = [.. PosixEntry(child.IsFolder ? FolderMode : FileMode), .. NameEntry(child.Name)];
            yield return child.IsFolder
                ? FolderRecord(name, child, files, entries)
                : Record(name, files?[child.Content!] ?? 0, child.Content!.Length, 0, entries);
        }
    }

    private byte[] FolderRecord(byte[] name, IsoNode folder, IReadOnlyDictionary<byte[], int>? files, byte[] entries) =>
        Record(name, _extents.GetValueOrDefault(folder), files is null ? 0 : LengthOf(folder), FolderFlag, entries);

    private byte[] Record(byte[] name, int extent, int length, byte flags, byte[] systemUse)
    {
        int nameEnd = RecordHeaderLength + name.Length + (name.Length + 1) % 2;
        byte[] entries = isJoliet ? [] : systemUse;
        var record = new byte[nameEnd + entries.Length + entries.Length % 2];
        record[0] = (byte)record.Length;
        Both32(record.AsSpan(2), extent);
        Both32(record.AsSpan(10), length);
        ShortTime(record.AsSpan(18), time);
        record[25] = flags;
        Both16(record.AsSpan(28), 1);
        record[32] = (byte)name.Length;
        name.CopyTo(record, RecordHeaderLength);
        entries.CopyTo(record, nameEnd);
        return record;
    }

    private byte[] Identifier(IsoNode node)
    {
        string name = node.IsFolder ? node.Name : node.Name + ";1";
        return isJoliet ? Encoding.BigEndianUnicode.GetBytes(name) : Encoding.ASCII.GetBytes(name);
    }

    private byte[] WritePathTable(bool bigEndian)
    {
        var table = new List<byte>();
        var numbers = _folders.Select((folder, index) => (folder, index)).ToDictionary(pair => pair.folder, pair => pair.index + 1);
        foreach (var folder in _folders)
        {
            byte[] name = folder == root ? [0] : Identifier(folder);
            var head = new byte[8];
            head[0] = (byte)name.Length;
            int extent = _extents.GetValueOrDefault(folder);
            BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(2), bigEndian ? BinaryPrimitives.ReverseEndianness(extent) : extent);
            ushort parent = (ushort)numbers[folder.Parent];
            BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(6), bigEndian ? BinaryPrimitives.ReverseEndianness(parent) : parent);
            table.AddRange(head);
            table.AddRange(name);
            if (name.Length % 2 == 1)
                table.Add(0);
        }

        return [.. table];
    }

    /// <summary>PX: mode, links, user and group (RRIP §4.1.1).</summary>
    private static byte[] PosixEntry(int mode) => [.. "PX"u8, 36, 1, .. Both32(mode), .. Both32(1), .. Both32(0), .. Both32(0)];

    /// <summary>NM: the name as it is (RRIP §4.1.4).</summary>
    private static byte[] NameEntry(string name) => [.. "NM"u8, (byte)(5 + name.Length), 1, 0, .. Encoding.ASCII.GetBytes(name)];

    /// <summary>SP and ER in the root say that the other entries are there (SUSP §5.3, §5.5).</summary>
    private static byte[] RootEntries() =>
        [.. "SP"u8, 7, 1, 0xBE, 0xEF, 0, .. PosixEntry(FolderMode), .. "ER"u8, 18, 1, 10, 0, 0, 1, .. "RRIP_1991A"u8];
}
