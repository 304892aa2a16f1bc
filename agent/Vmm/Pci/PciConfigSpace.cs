using System.Buffers.Binary;

namespace Appliance.Vmm.Pci;

/// <summary>The 256 bytes of configuration space of a function, and which bits of them a driver can change; PCI Local Bus 3.0 §6.1.</summary>
internal sealed class PciConfigSpace
{
    public const int Bytes = 256;
    public const int Command = 0x04;
    public const int Bar0 = 0x10;

    public const ushort CommandMemory = 1 << 1;
    public const ushort CommandBusMaster = 1 << 2;
    private const ushort CommandInterruptDisable = 1 << 10;

    private const int Status = 0x06;
    private const ushort StatusCapabilities = 1 << 4;
    private const int CapabilityPointer = 0x34;
    private const int FirstCapability = 0x40;

    private readonly byte[] _bytes = new byte[Bytes];
    private readonly byte[] _writable = new byte[Bytes];
    private int _nextCapability = FirstCapability;
    private int _lastLink = CapabilityPointer;

    /// <param name="classCode">Base class, subclass and interface: 0xBBSSII.</param>
    public PciConfigSpace(ushort vendor, ushort device, byte revision, uint classCode, ushort subsystemVendor, ushort subsystem)
    {
        Put16(0x00, vendor);
        Put16(0x02, device);
        Put32(0x08, (classCode << 8) | revision);
        Put16(0x2C, subsystemVendor);
        Put16(0x2E, subsystem);
        AllowWrites16(Command, CommandMemory | CommandBusMaster | CommandInterruptDisable);
        AllowWrites16(0x3C, 0x00FF);                    // interrupt line: a note for software
    }

    public bool IsMemoryEnabled => (Get16(Command) & CommandMemory) != 0;

    /// <summary>Guest physical address of BAR 0.</summary>
    public uint BarAddress => Get32(Bar0) & ~0xFu;

    /// <summary>BAR 0: 32-bit memory, not prefetchable. The size is a power of two.</summary>
    public void SetBar0(uint address, uint sizeBytes)
    {
        Put32(Bar0, address);
        BinaryPrimitives.WriteUInt32LittleEndian(_writable.AsSpan(Bar0), ~(sizeBytes - 1));
    }

    /// <summary>Appends a capability; its body comes after id and link.</summary>
    /// <returns>Where it starts.</returns>
    public int AddCapability(byte id, ReadOnlySpan<byte> body)
    {
        int start = _nextCapability;
        _bytes[_lastLink] = (byte)start;
        _lastLink = start + 1;
        _bytes[start] = id;
        body.CopyTo(_bytes.AsSpan(start + 2));
        _nextCapability = (start + 2 + body.Length + 3) & ~3;
        Put16(Status, StatusCapabilities);
        return start;
    }

    public void AllowWrites16(int offset, ushort bits) => BinaryPrimitives.WriteUInt16LittleEndian(_writable.AsSpan(offset), bits);

    public void AllowWrites32(int offset, uint bits) => BinaryPrimitives.WriteUInt32LittleEndian(_writable.AsSpan(offset), bits);

    public ushort Get16(int offset) => BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(offset));

    public uint Get32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(offset));

    public void Put16(int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(_bytes.AsSpan(offset), value);

    public void Put32(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(offset), value);

    /// <summary>A driver's read; beyond the end it reads as ones.</summary>
    public void Read(int offset, Span<byte> data)
    {
        for (int i = 0; i < data.Length; i++)
            data[i] = offset + i < Bytes ? _bytes[offset + i] : (byte)0xFF;
    }

    /// <summary>A driver's write; bits that are not writable stay.</summary>
    public void Write(int offset, ReadOnlySpan<byte> data)
    {
        for (int i = 0; i < data.Length && offset + i < Bytes; i++)
        {
            byte mask = _writable[offset + i];
            _bytes[offset + i] = (byte)((_bytes[offset + i] & ~mask) | (data[i] & mask));
        }
    }
}
