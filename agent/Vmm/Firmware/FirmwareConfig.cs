using System.Buffers.Binary;
using System.Text;
using Appliance.Vmm.Bus;

namespace Appliance.Vmm.Firmware;

/// <summary>
/// What firmware asks the machine, by the interface "fw_cfg" (QEMU docs/specs/fw_cfg.rst): a selector and a data port. Items are fixed before
/// the guest runs; there is no DMA and nothing can be written.
/// </summary>
internal sealed class FirmwareConfig : IBusDevice
{
    public const ushort Start = 0x510;
    public const ulong PortCount = 2;

    private const ulong Selector = 0, Data = 1;

    // Numbers of the items that are no files.
    private const ushort FW_CFG_SIGNATURE = 0x00, FW_CFG_ID = 0x01, FW_CFG_NOGRAPHIC = 0x04, FW_CFG_NB_CPUS = 0x05, FW_CFG_MAX_CPUS = 0x0F, FW_CFG_FILE_DIR = 0x19, FW_CFG_FILE_FIRST = 0x20;

    private const int NameBytes = 56;

    private readonly Lock _gate = new();
    private readonly Dictionary<ushort, byte[]> _items = [];
    private byte[] _selected = [];
    private int _position;

    /// <param name="files">Names of at most 55 characters.</param>
    public FirmwareConfig(int cpuCount, IReadOnlyList<FirmwareFile> files)
    {
        _items[FW_CFG_SIGNATURE] = [.. "QEMU"u8];
        _items[FW_CFG_ID] = [1, 0, 0, 0];               // the traditional interface, no more
        _items[FW_CFG_NOGRAPHIC] = [1, 0];              // the serial port is the console
        _items[FW_CFG_NB_CPUS] = _items[FW_CFG_MAX_CPUS] = [(byte)cpuCount, (byte)(cpuCount >> 8)];
        _items[FW_CFG_FILE_DIR] = MakeDirectory(files);
        for (int i = 0; i < files.Count; i++)
            _items[(ushort)(FW_CFG_FILE_FIRST + i)] = files[i].Content;
    }

    public void Read(ulong offset, Span<byte> data)
    {
        data.Clear();
        if (offset != Data)
            return;
        lock (_gate)
        {
            // Beyond the end of an item are zeros.
            for (int i = 0; i < data.Length && _position < _selected.Length; i++)
                data[i] = _selected[_position++];
        }
    }

    public void Write(ulong offset, ReadOnlySpan<byte> data)
    {
        if (offset != Selector || data.Length != 2)
            return;
        lock (_gate)
        {
            _selected = _items.GetValueOrDefault((ushort)Registers.Get(data), []);
            _position = 0;
        }
    }

    // Numbers of the directory are big-endian, those in items little-endian.
    private static byte[] MakeDirectory(IReadOnlyList<FirmwareFile> files)
    {
        const int entryBytes = 8 + NameBytes;
        byte[] directory = new byte[4 + files.Count * entryBytes];
        BinaryPrimitives.WriteInt32BigEndian(directory, files.Count);
        for (int i = 0; i < files.Count; i++)
        {
            var entry = directory.AsSpan(4 + i * entryBytes, entryBytes);
            BinaryPrimitives.WriteInt32BigEndian(entry, files[i].Content.Length);
            BinaryPrimitives.WriteUInt16BigEndian(entry[4..], (ushort)(FW_CFG_FILE_FIRST + i));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(files[i].Name.Length, NameBytes);
            Encoding.ASCII.GetBytes(files[i].Name, entry[8..]);
        }

        return directory;
    }
}

/// <summary>A file of the firmware configuration interface.</summary>
internal sealed record FirmwareFile(string Name, byte[] Content);
