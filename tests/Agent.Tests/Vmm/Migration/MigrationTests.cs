using Appliance.Agent.Tests.Vmm.Machine;
using Appliance.Linux.Kvm;
using Appliance.Linux.Libc;
using Appliance.Vmm.Machine;
using Appliance.Vmm.Migration;

namespace Appliance.Agent.Tests.Vmm.Migration;

/// <summary>Machines that move from one side of a socket pair to the other while their guest counts.</summary>
public sealed class MigrationTests : IDisposable
{
    private static readonly MigrationOptions Patient = new(TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(60), Throttles: false, Forces: false);

    private readonly KvmSystem? _kvm;
    private readonly MigrationProgress _progress = new();

    public MigrationTests()
    {
        Assert.SkipUnless(CountingMachine.Obstacle is null, CountingMachine.Obstacle ?? "");
        _kvm = KvmSystem.Open();
    }

    public void Dispose() => _kvm?.Dispose();

    [Fact]
    public void A_guest_goes_on_counting_on_the_other_side()
    {
        using var guest = new CountingMachine(cpus: 2);
        guest.Machine.Memory.Slice(0x150_0000, 8192).Fill(0xA5);
        guest.Machine.Resume();
        CountingMachine.WaitBeyond(guest.Machine, 100);

        using var moved = Move(guest.Machine, Patient);
        Assert.Equal(MachineState.Paused, guest.Machine.State);
        ulong left = guest.Counter;
        Assert.Equal(left, moved.Memory.TryRead(CountingMachine.CounterAt, out ulong arrived) ? arrived : 0);
        Assert.Equal(guest.Machine.Cpus[0].Ask(static cpu => cpu.Registers.rbx), moved.Cpus[0].Ask(static cpu => cpu.Registers.rbx));
        Assert.True(guest.Machine.Memory.Slice(0, (uint)guest.Machine.Memory.LengthBytes).SequenceEqual(moved.Memory.Slice(0, (uint)moved.Memory.LengthBytes)));
        Assert.True(_progress.DowntimeMilliseconds > 0);

        moved.Resume();
        CountingMachine.WaitBeyond(moved, left);
        Assert.Equal(left, guest.Counter);
    }

    [Fact]
    public void What_a_device_writes_while_memory_is_copied_arrives_too()
    {
        using var guest = new CountingMachine();
        guest.Machine.Resume();
        int writes = 0;
        using var moved = Move(guest.Machine, Patient, () =>
        {
            // As a device does: into memory, then marked. At every turn of the copying, up to when the machine is paused.
            if (guest.Machine.State == MachineState.Running)
                Assert.True(guest.Machine.Memory.TryWrite(0x140_0000ul + (ulong)(writes % 8) * 4096, ++writes));
            return false;
        });

        Assert.True(writes > 8);
        Assert.True(guest.Machine.Memory.Slice(0x140_0000, 8 * 4096).SequenceEqual(moved.Memory.Slice(0x140_0000, 8 * 4096)));
        Assert.Null(guest.Machine.Memory.WriteLog);
    }

    [Fact]
    public void A_cancelled_migration_leaves_the_guest_running_and_it_can_migrate_later()
    {
        using var guest = new CountingMachine();
        guest.Machine.Resume();
        int turns = 0;
        Assert.Contains("cancelled", Assert.Throws<MigrationException>(() => Move(guest.Machine, Patient, () => ++turns > 20)).Message, StringComparison.Ordinal);
        Assert.Equal(MachineState.Running, guest.Machine.State);
        CountingMachine.WaitBeyond(guest.Machine, guest.Counter);
        Assert.Null(guest.Machine.Memory.WriteLog);

        using var moved = Move(guest.Machine, Patient);
        Assert.Equal(MachineState.Paused, moved.State);
    }

    [Fact]
    public void A_destination_that_dies_or_refuses_leaves_the_guest_running()
    {
        using var guest = new CountingMachine();
        guest.Machine.Resume();
        var (near, far) = UnixSockets.CreatePair();
        far.Dispose();
        using (var source = new MigrationSource(guest.Machine, near, Patient, _progress, static () => false))
            Assert.Throws<MigrationException>(source.Run);

        (near, far) = UnixSockets.CreatePair();
        var refusing = new Thread(() =>
        {
            using var destination = new MigrationDestination(far, static () => { });
            destination.ReadPreview().Dispose();
            destination.Refuse("no room here");
        });
        refusing.Start();
        using (var source = new MigrationSource(guest.Machine, near, Patient, _progress, static () => false))
            Assert.Contains("no room here", Assert.Throws<MigrationException>(source.Run).Message, StringComparison.Ordinal);
        refusing.Join();

        Assert.Equal(MachineState.Running, guest.Machine.State);
        CountingMachine.WaitBeyond(guest.Machine, guest.Counter);
    }

    [Fact]
    public void A_paused_machine_moves_and_stays_paused()
    {
        using var guest = new CountingMachine();
        guest.Machine.Resume();
        CountingMachine.WaitBeyond(guest.Machine, 1);
        guest.Machine.Pause();
        using var moved = Move(guest.Machine, Patient, hasRun: false);
        Assert.Equal(guest.Counter, moved.Memory.TryRead(CountingMachine.CounterAt, out ulong value) ? value : 0);
    }

    [Fact]
    public void Frames_outside_of_memory_and_of_other_kinds_end_the_migration_only()
    {
        using var machine = new VirtualMachine(_kvm!, new MachineOptions(1, CountingMachine.MemoryBytes));
        (FrameKind Kind, uint Count, ulong Address)[] frames =
        [
            (FrameKind.Pages, 1, CountingMachine.MemoryBytes), (FrameKind.Pages, 1, 1), (FrameKind.Pages, 0, 0), (FrameKind.Pages, uint.MaxValue, 0),
            (FrameKind.Zeros, 2, CountingMachine.MemoryBytes - 4096), (FrameKind.Zeros, 1, ulong.MaxValue - 4095), (FrameKind.State, uint.MaxValue, 0), (FrameKind.Run, 0, 0), (0, 0, 0),
        ];
        foreach (var (kind, count, address) in frames)
        {
            var (near, far) = UnixSockets.CreatePair();
            using var sender = new MigrationStream(near, static () => { });
            using var destination = new MigrationDestination(far, static () => { });
            sender.SendFrame(kind, count, address);
            Assert.Throws<MigrationException>(() => destination.Load(machine));
        }
    }

    /// <summary>Moves a machine to one that is made for it; the exception is the source's.</summary>
    private VirtualMachine Move(VirtualMachine machine, MigrationOptions options, Func<bool>? onTurn = null, bool hasRun = true)
    {
        var (near, far) = UnixSockets.CreatePair();
        VirtualMachine? moved = null;
        Exception? failure = null;
        bool ran = false;
        var receiving = new Thread(() =>
        {
            try
            {
                using var destination = new MigrationDestination(far, static () => { });
                using var preview = destination.ReadPreview();
                moved = new VirtualMachine(_kvm!, MachineShape.Read(preview).Options);
                destination.Accept();
                destination.Load(moved);
                ran = destination.AwaitRun();
            }
            catch (Exception error)
            {
                // Whatever it is: thrown on a thread of its own it would end the run.
                failure = error;
                moved?.Dispose();
            }
        });
        receiving.Start();
        try
        {
            using var source = new MigrationSource(machine, near, options, _progress, onTurn ?? (static () => false));
            source.Run();
        }
        finally
        {
            receiving.Join();
        }

        Assert.Null(failure);
        Assert.Equal(hasRun, ran);
        return moved!;
    }
}
