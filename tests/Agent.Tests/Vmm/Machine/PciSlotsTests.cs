using System.Buffers.Binary;
using Appliance.Agent.Tests.Vmm.Guest;
using Appliance.Agent.Tests.Vmm.Virtio;
using Appliance.Linux.Libc;
using Appliance.Vmm.Acpi;
using Appliance.Vmm.Events;
using Appliance.Vmm.Interrupts;
using Appliance.Vmm.Machine;
using Appliance.Vmm.Pci;
using CsCheck;

namespace Appliance.Agent.Tests.Vmm.Machine;

/// <summary>Devices that come and go, as the DSDT's methods see it through the event registers; on a real KVM.</summary>
public sealed class PciSlotsTests : IDisposable
{
    private const int Events = 0, Filled = 4, Unwanted = 8, Eject = 12;

    private readonly TinyGuest _guest;
    private readonly PciBus _bus = new();
    private readonly EventFd _interrupt = new();
    private readonly EventLoop _loop = new("test");
    private readonly InterruptRouter _router;
    private readonly EventPorts _ports;
    private readonly PciSlots _slots;

    public PciSlotsTests()
    {
        Assert.SkipUnless(TinyGuest.Obstacle is null, TinyGuest.Obstacle ?? "");
        _guest = new TinyGuest([0xF4]);
        _router = new InterruptRouter(_guest.Machine);
        _ports = new EventPorts(_interrupt, slot => _slots!.OnEjected(slot));
        _slots = new PciSlots(_bus, _ports);
    }

    public void Dispose()
    {
        _slots?.Dispose();
        _loop.Dispose();
        _interrupt.Dispose();
        _guest?.Dispose();
    }

    [Fact]
    public void A_device_that_comes_later_is_announced_with_its_slot_once()
    {
        using var first = new EchoDevice();
        using var second = new EchoDevice();
        Assert.Equal(1, Add(first, announces: false));
        Assert.False(_interrupt.Clear());
        Assert.Equal(2, Add(second, announces: true));
        Assert.True(_interrupt.Clear());
        Assert.Equal(((uint)MachineEvents.PciSlots, 1u << 2), (Read(Events), Read(Filled)));
        Assert.Equal((0u, 0u), (Read(Events), Read(Filled)));
    }

    [Fact]
    public void A_device_goes_when_the_guest_lets_it_go_and_not_before()
    {
        var device = new EchoDevice();
        Add(device, announces: true);
        Assert.True(_slots.Ask(device));
        Assert.Equal(1u << 1, Read(Unwanted));
        Assert.Empty(_slots.TakeEjected());
        Assert.NotNull(_bus.Find(1));

        Write(Eject, (1u << 1) | (1u << 7) | 1);        // empty slots and the host bridge count for nothing
        Assert.Equal([device], _slots.TakeEjected());
        _slots.Remove(device);
        Assert.Null(_bus.Find(1));
        Assert.False(_slots.Ask(device));
        Assert.NotNull(_bus.Find(0));
    }

    [Fact]
    public void Coming_and_going_leaves_nothing_behind()
    {
        int before = 0;
        for (int i = 0; i < 200; i++)
        {
            var device = new EchoDevice();
            Assert.Equal(1, Add(device, announces: true));
            Enable(1);
            _slots.Remove(device);
            if (i == 0)
                before = CountDescriptors();
        }

        // Other tests open some meanwhile; of each round's three, six hundred would be left.
        Assert.InRange(CountDescriptors(), 0, before + 300);
        // Messages are given again: the next has one of the numbers that one device had.
        Assert.InRange(AttachOne(), InterruptRouter.Pins, InterruptRouter.Pins + 3);
    }

    [Fact]
    public void Whatever_the_guest_writes_only_filled_slots_are_let_go()
    {
        using var device = new EchoDevice();
        Add(device, announces: true);
        Gen.Select(Gen.ULong[0, EventPorts.PortCount - 1], Gen.ULong, Gen.Int[0, 3]).Array[1, 40].Sample(steps =>
        {
            Span<byte> data = stackalloc byte[8];
            foreach (var (at, value, width) in steps)
            {
                BitConverter.TryWriteBytes(data, value);
                _ports.Write(at, data[..(1 << width)]);
                _ports.Read(at, data[..(1 << width)]);
            }

            return _slots.TakeEjected().TrueForAll(ejected => ejected == device);
        }, iter: 1000, threads: 1);
        Assert.NotNull(_bus.Find(0));
    }

    [Fact]
    public void A_full_bus_refuses()
    {
        var devices = Enumerable.Range(0, PciBus.Slots).Select(static _ => new EchoDevice()).ToArray();
        foreach (var device in devices.SkipLast(1))
            Add(device, announces: false);
        Assert.Throws<InvalidOperationException>(() => Add(devices[^1], announces: false));
        foreach (var device in devices.SkipLast(1))
            _slots.Remove(device);
        devices[^1].Dispose();
    }

    private int Add(EchoDevice device, bool announces) => _slots.Add(device, _loop, _guest.Machine, _router, _guest.Memory, announces);

    // Memory decoding on: the kernel learns the notification addresses, which have to be forgotten again.
    private void Enable(int slot) => _bus.Find(slot)!.WriteConfiguration(PciConfigSpace.Command, [(byte)PciConfigSpace.CommandMemory, 0]);

    private uint AttachOne()
    {
        using var source = new EventFd();
        uint gsi = _router.AttachMessage(source);
        _router.ReleaseMessage(source, gsi);
        return gsi;
    }

    private static int CountDescriptors() => Directory.GetFiles("/proc/self/fd").Length;

    private uint Read(ulong register)
    {
        byte[] data = new byte[4];
        _ports.Read(register, data);
        return BinaryPrimitives.ReadUInt32LittleEndian(data);
    }

    private void Write(ulong register, uint value)
    {
        byte[] data = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(data, value);
        _ports.Write(register, data);
    }
}
