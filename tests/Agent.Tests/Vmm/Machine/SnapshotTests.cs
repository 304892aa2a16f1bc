using Appliance.Linux.Kvm;
using Appliance.Linux.Libc;
using Appliance.Vmm.Events;
using Appliance.Vmm.Machine;
using Appliance.Vmm.Memory;
using Appliance.Vmm.Serial;
using Appliance.Vmm.Snapshots;
using Appliance.Vmm.Virtio.Balloon;
using Appliance.Vmm.Virtio.Block;

namespace Appliance.Agent.Tests.Vmm.Machine;

/// <summary>Whole machines on this machine's /dev/kvm, saved and restored.</summary>
public sealed class SnapshotTests : IDisposable
{
    private readonly EventLoop _loop = new("devices");
    private readonly KvmSystem? _kvm;
    private readonly Fd _image = MemoryFiles.Create("image");
    private readonly Fd _output = MemoryFiles.Create("output");

    public SnapshotTests()
    {
        Assert.SkipUnless(CountingMachine.Obstacle is null, CountingMachine.Obstacle ?? "");
        _kvm = KvmSystem.Open();
    }

    public void Dispose()
    {
        _kvm?.Dispose();
        _loop.Dispose();
        _image.Dispose();
        _output.Dispose();
    }

    [Fact]
    public void A_paused_machine_does_nothing_until_it_is_resumed()
    {
        using var guest = new CountingMachine(cpus: 2, AddDevices);
        guest.Machine.Resume();
        for (int round = 0; round < 10; round++)
        {
            CountingMachine.WaitBeyond(guest.Machine, guest.Counter);
            guest.Machine.Pause();
            Assert.Equal(MachineState.Paused, guest.Machine.State);
            ulong counted = guest.Counter;
            Thread.Sleep(1);
            Assert.Equal(counted, guest.Counter);
            guest.Machine.Resume();
        }
    }

    [Fact]
    public void Two_clones_go_on_where_the_snapshot_was_taken_and_share_the_image()
    {
        byte[] state;
        ulong counted, register;
        using (var guest = new CountingMachine(cpus: 2, AddDevices))
        {
            guest.Machine.Memory.Slice(0x150_0000, 4096).Fill(0xA5);
            guest.Machine.Resume();
            CountingMachine.WaitBeyond(guest.Machine, 1000);
            guest.Machine.Pause();
            state = Save(guest.Machine);
            long written = MemoryImage.Write(guest.Machine.Memory, _image, static () => false);
            Assert.InRange(written, 4096, 4 << 20);     // 32 MiB, of which the guest touched little
            counted = guest.Counter;
            // Paused before or after the register went to memory.
            register = RegisterOf(guest.Machine);
            Assert.InRange(register, counted, counted + 1);
        }

        using var first = Restore(state);
        using var second = Restore(state);
        foreach (var clone in new[] { first, second })
        {
            Assert.Equal(MachineState.Paused, clone.State);
            Assert.Equal(0, clone.RefusedMsrs);
            Assert.Equal(register, RegisterOf(clone));
            Assert.Equal(0xA5, clone.Memory.Slice(0x150_0FFF, 1)[0]);
            clone.Resume();
        }

        CountingMachine.WaitBeyond(first, counted);
        CountingMachine.WaitBeyond(second, counted);
        first.Pause();
        first.Memory.Slice(0x150_0000, 4096).Clear();
        Assert.Equal(0xA5, second.Memory.Slice(0x150_0000, 1)[0]);
        byte[] counter = new byte[8];
        Assert.True(FileData.TryReadAt(_image, (long)CountingMachine.CounterAt, counter));
        Assert.Equal(counted, BitConverter.ToUInt64(counter));
    }

    [Fact]
    public void Everything_a_processor_has_comes_back_as_it_was()
    {
        byte[] state;
        using (var guest = new CountingMachine(cpus: 2, AddDevices))
        {
            guest.Machine.Resume();
            CountingMachine.WaitBeyond(guest.Machine, 10);
            guest.Machine.Pause();
            guest.Machine.Cpus[0].Ask(static cpu =>
            {
                var registers = cpu.Registers;
                (registers.r8, registers.r15) = (0x1234_5678_9ABC_DEF0, 42);
                cpu.Registers = registers;
                return cpu.SetMsrs([new kvm_msr_entry { index = 0xC000_0082, data = 0xFFFF_FFFF_8100_0000 }]);
            });
            state = Save(guest.Machine);
            MemoryImage.Write(guest.Machine.Memory, _image, static () => false);
        }

        using var restored = Restore(state);
        var registers = restored.Cpus[0].Ask(static cpu => cpu.Registers);
        Assert.Equal((0x1234_5678_9ABC_DEF0UL, 42UL), (registers.r8, registers.r15));
        Assert.Equal(0xFFFF_FFFF_8100_0000, Assert.Single(restored.Cpus[0].Ask(static cpu => cpu.GetMsrs([0xC000_0082]))).data);
        Assert.Equal(KvmConstants.KVM_MP_STATE_UNINITIALIZED, restored.Cpus[1].Ask(static cpu => cpu.MultiprocessorState).mp_state);

        // Saved again, all but clocks is the same: nothing is lost on the way.
        byte[] again = Save(restored);
        Assert.Equal(state.Length, again.Length);
    }

    [Fact]
    public void State_is_refused_by_a_machine_of_other_devices()
    {
        byte[] state;
        using (var guest = new CountingMachine(addDevices: AddDevices))
        {
            state = Save(guest.Machine);
            MemoryImage.Write(guest.Machine.Memory, _image, static () => false);
        }

        using var reader = new StateReader(state);
        using var without = new VirtualMachine(_kvm!, MachineShape.Read(reader).Options, _image);
        Assert.Contains("another machine's", Assert.Throws<SnapshotException>(() => without.Restore(reader, advancesClock: false)).Message, StringComparison.Ordinal);

        using var again = new StateReader(state);
        using var larger = new VirtualMachine(_kvm!, MachineShape.Read(again).Options, _image);
        larger.AddSerial(new OutputPump(_output, _loop));
        larger.Add(new VirtioBalloon(larger.Memory), _loop, "balloon");
        larger.Add(Disk(512), _loop, "disk0");
        Assert.Contains("had 8 sectors", Assert.Throws<SnapshotException>(() => larger.Restore(again, advancesClock: false)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_state_of_a_small_machine_is_small()
    {
        using var guest = new CountingMachine(addDevices: AddDevices);
        // What a prototype needed was 9.4 KB; extended registers of large processors and nested state come on top.
        Assert.InRange(Save(guest.Machine).Length, 4096, 32 * 1024);
    }

    private static ulong RegisterOf(VirtualMachine machine) => machine.Cpus[0].Ask(static cpu => cpu.Registers.rbx);

    private static byte[] Save(VirtualMachine machine)
    {
        using var writer = new StateWriter();
        machine.Save(writer);
        return writer.Finish().ToArray();
    }

    private static VirtioBlock Disk(long bytes) => new(MemoryFiles.Create("disk", bytes), isReadOnly: false, "disk0");

    private void AddDevices(VirtualMachine machine)
    {
        machine.AddSerial(new OutputPump(_output, _loop));
        machine.Add(new VirtioBalloon(machine.Memory), _loop, "balloon");
        machine.Add(Disk(4096), _loop, "disk0");
    }

    private VirtualMachine Restore(byte[] state)
    {
        using var reader = new StateReader(state);
        var machine = new VirtualMachine(_kvm!, MachineShape.Read(reader).Options, _image);
        AddDevices(machine);
        machine.Restore(reader, advancesClock: false);
        return machine;
    }
}
