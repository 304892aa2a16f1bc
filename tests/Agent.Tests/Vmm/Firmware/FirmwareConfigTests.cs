using System.Buffers.Binary;
using System.Text;
using Appliance.Vmm.Firmware;

namespace Appliance.Agent.Tests.Vmm.Firmware;

/// <summary>The configuration interface as firmware uses it: select, then read byte after byte.</summary>
public sealed class FirmwareConfigTests
{
    private readonly FirmwareConfig _config = new(300, [new("bootorder", [.. "HALT\0"u8]), new("etc/e820", [1, 2, 3])]);

    [Fact]
    public void Firmware_finds_the_interface_the_processors_and_no_graphics()
    {
        Assert.Equal("QEMU", Encoding.ASCII.GetString(Item(0x00, 4)));
        Assert.Equal([1, 0, 0, 0], Item(0x01, 4));
        Assert.Equal([44, 1], Item(0x05, 2));
        Assert.Equal([1, 0], Item(0x04, 2));
    }

    [Fact]
    public void Files_are_found_by_the_directory_and_end_in_zeros()
    {
        byte[] directory = Item(0x19, 4 + 2 * 64);
        Assert.Equal(2, BinaryPrimitives.ReadInt32BigEndian(directory));
        var second = directory.AsSpan(4 + 64);
        Assert.Equal("etc/e820", Encoding.ASCII.GetString(second[8..16]));
        Assert.Equal(3, BinaryPrimitives.ReadInt32BigEndian(second));
        Assert.Equal([1, 2, 3, 0, 0], Item(BinaryPrimitives.ReadUInt16BigEndian(second[4..]), 5));
    }

    [Fact]
    public void Unknown_items_odd_widths_and_writes_to_data_do_nothing()
    {
        Assert.Equal([0, 0], Item(0x4000, 2));
        _config.Write(0, [0x00, 0x00]);
        _config.Write(0, [5]);
        _config.Write(1, [1, 2]);
        Assert.Equal((byte)'Q', Next());
    }

    private byte[] Item(ushort key, int length)
    {
        byte[] selector = [(byte)key, (byte)(key >> 8)];
        _config.Write(0, selector);
        return [.. Enumerable.Range(0, length).Select(_ => Next())];
    }

    private byte Next()
    {
        byte[] data = [0xFF];
        _config.Read(1, data);
        return data[0];
    }
}
