using System.Buffers.Binary;
using Appliance.Agent.Tests.Vmm.Guest;
using Appliance.Agent.Tests.Vmm.Virtio;
using Appliance.Linux.Libc;
using Appliance.Vmm.Bus;
using Appliance.Vmm.Events;
using Appliance.Vmm.Interrupts;
using Appliance.Vmm.Memory;
using Appliance.Vmm.Pci;
using Appliance.Vmm.Virtio.Pci;
using CsCheck;

namespace Appliance.Agent.Tests.Vmm.Pci;

/// <summary>A function on the bus, through the ports and the window as a kernel sees it; interrupts on a real KVM.</summary>
public sealed class VirtioPciTests : IDisposable
{
    private readonly TinyGuest _guest;
    private readonly PciBus _bus = new();
    private readonly PciConfigPorts _ports;
    private readonly EventLoop _loop = new("test");
    private readonly EchoDevice _device = new();
    private readonly VirtioPci _function;

    public VirtioPciTests()
    {
        Assert.SkipUnless(TinyGuest.Obstacle is null, TinyGuest.Obstacle ?? "");
        _guest = new TinyGuest([0xF4]);
        _ports = new PciConfigPorts(_bus, static () => { });
        _function = new VirtioPci(_device, _guest.Machine, new InterruptRouter(_guest.Machine));
        _device.Attach(_guest.Memory, _loop, _function);
        Assert.Equal(1, _bus.Add(_function));
    }

    public void Dispose()
    {
        _function?.Dispose();
        _device.Dispose();
        _loop.Dispose();
        _guest?.Dispose();
    }

    [Fact]
    public void The_bus_has_a_host_bridge_and_the_device_and_nothing_else()
    {
        Assert.Equal(0x0600u, Config(0, 8) >> 16);
        Assert.Equal(0x106A_1AF4u, Config(1, 0));
        Assert.Equal(uint.MaxValue, Config(2, 0));
        Assert.Equal(1u, (Config(1, 4) >> 20) & 1);
    }

    [Fact]
    public void The_capabilities_name_every_part_once()
    {
        var kinds = new List<uint>();
        uint at = Config(1, 0x34) & 0xFF;
        for (int i = 0; at != 0 && i < 20; i++)
        {
            uint head = Config(1, (int)at);
            kinds.Add((head & 0xFF) == 9 ? head >> 24 : head & 0xFF);
            at = (head >> 8) & 0xFF;
        }

        Assert.Equal([1u, 3, 4, 2, 5, 0x11], kinds);
    }

    [Fact]
    public void A_BAR_is_sized_moved_and_answers_only_where_it_is()
    {
        uint bar = Config(1, 0x10);
        SetConfig(1, 0x10, uint.MaxValue);
        Assert.Equal(0xFFFF_8000u, Config(1, 0x10));
        SetConfig(1, 0x10, bar);
        Assert.Equal(uint.MaxValue, Window(bar + 0x14));
        SetConfig(1, 4, 2);
        Assert.Equal(0u, Window(bar + 0x14) & 0xFF);
        SetConfig(1, 0x10, bar + 0x8000);
        Assert.Equal((uint.MaxValue, 0u), (Window(bar + 0x14), Window(bar + 0x8014) & 0xFF));
    }

    [Fact]
    public void Vectors_that_do_not_exist_are_not_taken()
    {
        uint bar = Enable();
        WriteWindow(bar + 0x10, 2, 1);
        Assert.Equal(1u, Window(bar + 0x10) & 0xFFFF);
        WriteWindow(bar + 0x10, 2, 2);
        Assert.Equal(0xFFFFu, Window(bar + 0x10) & 0xFFFF);
    }

    [Fact]
    public void A_masked_vector_is_pending_until_it_is_unmasked()
    {
        uint bar = Enable();
        WriteWindow(bar + 0x16, 2, 0);
        WriteWindow(bar + 0x1A, 2, 1);
        int msix = 0xA0;
        while ((Config(1, msix) & 0xFF) != 0x11)
            msix -= 4;
        SetConfig(1, msix, 0x8000_0000);
        _function.UsedBuffers(0);
        Assert.Equal(2u, Window(bar + 0x5000));
        WriteWindow(bar + 0x4010, 4, 0xFEE0_0000);
        WriteWindow(bar + 0x4018, 4, 0x41);
        WriteWindow(bar + 0x401C, 4, 0);
        Assert.Equal(0u, Window(bar + 0x5000));
    }

    [Fact]
    public void The_access_window_of_firmware_reaches_the_registers()
    {
        Enable();
        int window = 0xA0;
        while (Config(1, window) >> 24 != 5 || (Config(1, window) & 0xFF) != 9)
            window -= 4;
        SetConfig(1, window + 8, 0x12);
        SetConfig(1, window + 12, 2);
        Assert.Equal(1u, Config(1, window + 16));       // num_queues
        SetConfig(1, window + 8, 0x8000);
        SetConfig(1, window + 12, 4);
        _ = Config(1, window + 16);
    }

    [Fact]
    public void No_sequence_of_accesses_does_harm()
    {
        var step = Gen.Select(Gen.Bool, Gen.UInt[0, 0x9000], Gen.OneOf(Gen.ULong, Gen.ULong[0, 3]), Gen.Int[0, 3], Gen.Int[0, 255]);
        step.Array[1, 50].Sample(steps =>
        {
            uint bar = Enable();
            Span<byte> data = stackalloc byte[8];
            foreach (var (isConfig, at, value, width, register) in steps)
            {
                BitConverter.TryWriteBytes(data, value);
                var part = data[..(1 << width)];
                if (isConfig)
                    SetConfig(1, register & 0xFC, (uint)value);
                else
                    _bus.Write(bar + at - MemoryLayout.PciWindowStart, part);
                _bus.Read(bar + at - MemoryLayout.PciWindowStart, part);
                _loop.RunOnce(0);
            }

            return true;
        }, iter: 2000, threads: 1);
    }

    private uint Enable()
    {
        SetConfig(1, 0x10, (uint)MemoryLayout.PciWindowStart + 0x10_0000);
        SetConfig(1, 4, 6);
        return Config(1, 0x10);
    }

    private uint Config(int slot, int register)
    {
        Select(slot, register);
        Span<byte> data = stackalloc byte[4];
        _ports.Read(4, data);
        return BinaryPrimitives.ReadUInt32LittleEndian(data);
    }

    private void SetConfig(int slot, int register, uint value)
    {
        Select(slot, register);
        Span<byte> data = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(data, value);
        _ports.Write(4, data);
    }

    private void Select(int slot, int register)
    {
        Span<byte> data = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(data, 0x8000_0000 | ((uint)slot << 11) | (uint)register);
        _ports.Write(0, data);
    }

    private uint Window(uint address)
    {
        Span<byte> data = stackalloc byte[4];
        _bus.Read(address - MemoryLayout.PciWindowStart, data);
        return BinaryPrimitives.ReadUInt32LittleEndian(data);
    }

    private void WriteWindow(uint address, int width, uint value)
    {
        Span<byte> data = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(data, value);
        _bus.Write(address - MemoryLayout.PciWindowStart, data[..width]);
    }
}
