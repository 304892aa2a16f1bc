using System.Diagnostics;
using Appliance.Agent.Tests.Vmm.Guest;
using Appliance.Linux.Libc;
using Appliance.Vmm.Acpi;
using Appliance.Vmm.Boot;
using Appliance.Vmm.Cpu;
using Appliance.Vmm.Memory;

namespace Appliance.Agent.Tests.Vmm.Cpu;

/// <summary>Real guests of a few bytes on this machine's /dev/kvm.</summary>
public sealed class VirtualCpuTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    // hlt; jmp back to it
    private static readonly byte[] HaltForEver = [0xF4, 0xEB, 0xFD];

    // jmp to itself
    private static readonly byte[] Spin = [0xEB, 0xFE];

    public VirtualCpuTests() => Assert.SkipUnless(TinyGuest.Obstacle is null, TinyGuest.Obstacle ?? "");

    [Fact]
    public async Task Port_writes_of_every_width_reach_the_device_in_order()
    {
        var device = new RecordingDevice();
        // mov eax,0x44332211; mov dx,0x510; out dx,al; out dx,ax; out dx,eax; hlt
        using var guest = new TinyGuest([0x66, 0xB8, 0x11, 0x22, 0x33, 0x44, 0xBA, 0x10, 0x05, 0xEE, 0xEF, 0x66, 0xEF, .. HaltForEver]);
        guest.Ports.Add(0x510, 4, device);
        guest.Start();
        for (int i = 0; i < 3; i++)
            Assert.True(await device.Written.WaitAsync(Patience, TestContext.Current.CancellationToken));

        Assert.Equal([[0x11], [0x11, 0x22], [0x11, 0x22, 0x33, 0x44]], device.Writes.Select(write => write.Data));
    }

    [Fact]
    public async Task Port_reads_get_the_devices_answer_and_ones_where_no_device_is()
    {
        var done = new RecordingDevice();
        // mov dx,0x510; in ax,dx; mov [0x2000],ax; mov dx,0x520; in ax,dx; mov [0x2002],ax; out 0x30,al; hlt
        using var guest = new TinyGuest([0xBA, 0x10, 0x05, 0xED, 0xA3, 0x00, 0x20, 0xBA, 0x20, 0x05, 0xED, 0xA3, 0x02, 0x20, 0xE6, 0x30, .. HaltForEver]);
        guest.Ports.Add(0x510, 4, new RecordingDevice { Answer = 0xBEEF });
        guest.Ports.Add(0x30, 1, done);
        guest.Start();
        Assert.True(await done.Written.WaitAsync(Patience, TestContext.Current.CancellationToken));

        Assert.Equal([0xEF, 0xBE, 0xFF, 0xFF], guest.Memory.Slice(0x2000, 4).ToArray());
        Assert.Equal(1, guest.Ports.UnclaimedAccesses);
    }

    [Fact]
    public async Task A_string_write_delivers_every_element()
    {
        var device = new RecordingDevice();
        // cld; mov si,0x2000; mov cx,5; mov dx,0x510; rep outsb; hlt
        using var guest = new TinyGuest([0xFC, 0xBE, 0x00, 0x20, 0xB9, 0x05, 0x00, 0xBA, 0x10, 0x05, 0xF3, 0x6E, .. HaltForEver]);
        "hello"u8.CopyTo(guest.Memory.Slice(0x2000, 5));
        guest.Ports.Add(0x510, 1, device);
        guest.Start();
        for (int i = 0; i < 5; i++)
            Assert.True(await device.Written.WaitAsync(Patience, TestContext.Current.CancellationToken));

        Assert.Equal("hello"u8.ToArray(), device.Writes.SelectMany(write => write.Data));
    }

    [Fact]
    public async Task Memory_outside_of_RAM_is_a_device()
    {
        var device = new RecordingDevice { Answer = 0x5A };
        // Real mode reaches no further than 1 MiB, so the device gets a page in the middle of RAM.
        // mov al,[0x8000]; mov [0x8004],al; hlt
        using var guest = new TinyGuest([0xA0, 0x00, 0x80, 0xA2, 0x04, 0x80, .. HaltForEver]);
        MakeHoleAt0x8000(guest);
        guest.MemoryBus.Add(0x8000, 0x1000, device);
        guest.Start();
        Assert.True(await device.Written.WaitAsync(Patience, TestContext.Current.CancellationToken));

        var (offset, data) = Assert.Single(device.Writes);
        Assert.Equal((4UL, (byte)0x5A), (offset, Assert.Single(data)));
    }

    [Fact]
    public void An_interrupt_wakes_a_halted_guest_and_its_handler_runs()
    {
        // PIC to vector 8, unmask IRQ 4, sti, hlt; the handler writes 0x42 to 0x2000 and halts.
        byte[] code =
        [
            0xB0, 0x11, 0xE6, 0x20, 0xB0, 0x08, 0xE6, 0x21, 0xB0, 0x04, 0xE6, 0x21, 0xB0, 0x01, 0xE6, 0x21,
            0xB0, 0xEF, 0xE6, 0x21, 0xFB, 0xF4, 0xEB, 0xFD,
        ];
        using var guest = new TinyGuest(code);
        guest.Memory.TryWrite(12 * 4, 0x0000_1100u);                                            // vector 8 + 4 → 0:0x1100
        ((ReadOnlySpan<byte>)[0xB0, 0x42, 0xA2, 0x00, 0x20, .. HaltForEver]).CopyTo(guest.Memory.Slice(0x1100, 8));
        using var interrupt = new EventFd();
        guest.Machine.AttachInterrupt(interrupt, 4);
        guest.Start();
        guest.Cpu.Ask(static cpu => cpu.SpecialRegisters);      // it is in the guest, or halted
        interrupt.Signal();

        Assert.True(SpinWait.SpinUntil(() => { Thread.Sleep(1); return guest.Read(0x2000) == 0x42; }, Patience));
    }

    [Fact]
    public void A_matching_write_signals_an_event_without_leaving_the_guest()
    {
        // mov dx,0x510; mov ax,6; out dx,ax; mov ax,7; out dx,ax; mov byte [0x2000],1; hlt
        using var guest = new TinyGuest([0xBA, 0x10, 0x05, 0xB8, 0x06, 0x00, 0xEF, 0xB8, 0x07, 0x00, 0xEF, 0xC6, 0x06, 0x00, 0x20, 0x01, .. HaltForEver]);
        var device = new RecordingDevice();
        guest.Ports.Add(0x510, 2, device);
        using var notify = new EventFd();
        Assert.Equal(Errno.None, guest.Machine.AttachNotify(notify, 0x510, 2, isPort: true, match: 7));
        Assert.Equal(Errno.EEXIST, guest.Machine.AttachNotify(notify, 0x510, 2, isPort: true, match: 7));
        guest.Start();

        Assert.True(SpinWait.SpinUntil(() => { Thread.Sleep(1); return guest.Read(0x2000) == 1; }, Patience));
        Assert.True(notify.Clear());
        Assert.Equal([[6, 0]], device.Writes.Select(write => write.Data));
    }

    [Fact]
    public void The_dirty_log_names_exactly_the_pages_that_were_written()
    {
        // mov byte [0x3000],1; mov byte [0x5000],1; hlt
        using var guest = new TinyGuest([0xC6, 0x06, 0x00, 0x30, 0x01, 0xC6, 0x06, 0x00, 0x50, 0x01, .. HaltForEver], logDirtyPages: true);
        guest.Start();
        Assert.True(SpinWait.SpinUntil(() => { Thread.Sleep(1); return guest.Read(0x5000) == 1; }, Patience));
        guest.Cpu.Pause();

        var log = new ulong[TinyGuest.MemoryBytes / 4096 / 64];
        guest.Machine.GetDirtyLog(0, log);
        Assert.Equal((1UL << 3) | (1UL << 5), log[0]);
        guest.Machine.GetDirtyLog(0, log);
        Assert.All(log, static word => Assert.Equal(0UL, word));
    }

    [Fact]
    public void A_spinning_guest_is_paused_and_resumed_and_its_registers_can_be_read_and_set()
    {
        // inc word [0x2000]; jmp back
        using var guest = new TinyGuest([0xFF, 0x06, 0x00, 0x20, 0xEB, 0xFA]);
        guest.Start();
        for (int round = 0; round < 20; round++)
        {
            Assert.True(SpinWait.SpinUntil(() => { Thread.Sleep(1); return guest.Memory.TryRead(0x2000, out ushort count) && count > 0; }, Patience));
            guest.Cpu.Pause();
            Assert.True(guest.Memory.TryWrite(0x2000, (ushort)0));
            Thread.Sleep(2);
            Assert.Equal(0, guest.Read(0x2000));
            ulong rip = guest.Cpu.Ask(static cpu => cpu.Registers.rip);
            Assert.InRange(rip, TinyGuest.CodeAt, TinyGuest.CodeAt + 4);
            guest.Cpu.Ask(static cpu => { var registers = cpu.Registers; registers.rbx = 77; cpu.Registers = registers; return 0; });
            guest.Cpu.Resume();
        }

        Assert.Equal(77UL, guest.Cpu.Ask(static cpu => cpu.Registers.rbx));
    }

    [Fact]
    public void Kicks_of_a_spinning_guest_are_never_missed()
    {
        using var guest = new TinyGuest(Spin);
        guest.Start();
        var slowest = TimeSpan.Zero;
        for (int i = 0; i < 1200; i++)
        {
            long begin = Stopwatch.GetTimestamp();
            guest.Cpu.Ask(static _ => 0);
            var took = Stopwatch.GetElapsedTime(begin);
            slowest = took > slowest ? took : slowest;
        }

        // A missed kick would wait for ever; a second allows for a machine that does other things.
        Assert.InRange(slowest, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void An_instruction_that_waits_for_a_device_is_complete_when_the_guest_is_paused()
    {
        // in al,0x40; mov [0x2000],al; jmp back
        using var guest = new TinyGuest([0xE4, 0x40, 0xA2, 0x00, 0x20, 0xEB, 0xF9]);
        guest.Ports.Add(0x40, 1, new RecordingDevice { Answer = 0x99 });
        guest.StartPaused();
        for (int i = 0; i < 50; i++)
        {
            guest.Cpu.Resume();
            Thread.Yield();
            guest.Cpu.Pause();
            var registers = guest.Cpu.Ask(static cpu => cpu.Registers);
            // Behind the "in", its result is in the register: never the one without the other.
            if (registers.rip != TinyGuest.CodeAt)
                Assert.Equal(0x99UL, registers.rax & 0xFF);
        }
    }

    [Fact]
    public async Task A_triple_fault_ends_the_processor_as_a_reset()
    {
        // ud2, in 64-bit mode without an interrupt table
        using var guest = new TinyGuest([0x0F, 0x0B]);
        EntryState.WriteTables(guest.Memory);
        guest.Cpu.Start();
        guest.Cpu.Ask(static cpu =>
        {
            EntryState.SetLongMode(cpu, TinyGuest.CodeAt, 0);
            var special = cpu.SpecialRegisters;
            special.idt.limit = 0;
            cpu.SpecialRegisters = special;
            return 0;
        });
        guest.Cpu.Resume();

        Assert.Equal(CpuEnd.TripleFault, await guest.Ended.WaitAsync(Patience, TestContext.Current.CancellationToken));
        Assert.Throws<InvalidOperationException>(() => guest.Cpu.Ask(static _ => 0));
    }

    [Fact]
    public async Task A_jump_to_the_reset_vector_asks_for_a_reset()
    {
        // jmp F000:FFF0
        using var guest = new TinyGuest([0xEA, 0xF0, 0xFF, 0x00, 0xF0]);
        ResetVector.Write(guest.Memory);
        var reset = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        guest.Ports.Add(PowerPorts.Start, PowerPorts.PortCount, new PowerPorts(static () => { }, reset.SetResult));
        guest.Start();

        await reset.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void A_running_processor_allocates_nothing()
    {
        // out 0x30,al; jmp back
        using var guest = new TinyGuest([0xE6, 0x30, 0xEB, 0xFC]);
        var meter = new AllocationMeter();
        guest.Ports.Add(0x30, 1, meter);
        guest.Start();

        Assert.True(SpinWait.SpinUntil(() => { Thread.Sleep(1); return meter.Accesses > 20_000; }, Patience));
        Assert.Equal(0, meter.AllocatedBytes);
    }

    private static unsafe void MakeHoleAt0x8000(TinyGuest guest)
    {
        guest.Machine.SetMemory(0, 0, 0, 0);
        Assert.True(guest.Memory.TryPointer(0, 0x8000, out byte* low));
        Assert.True(guest.Memory.TryPointer(0x9000, 0x1000, out byte* high));
        guest.Machine.SetMemory(0, 0, 0x8000, (nint)low);
        guest.Machine.SetMemory(1, 0x9000, 0x1000, (nint)high);
    }

    /// <summary>Measures on the processor's own thread what it allocates between the first and the last access.</summary>
    private sealed class AllocationMeter : Appliance.Vmm.Bus.IBusDevice
    {
        private long _start;
        private long _accesses;
        private long _allocated;

        public long Accesses => Volatile.Read(ref _accesses);

        public long AllocatedBytes => Volatile.Read(ref _allocated);

        public void Read(ulong offset, Span<byte> data) => data.Clear();

        public void Write(ulong offset, ReadOnlySpan<byte> data)
        {
            // The first thousand are for the just-in-time compiler.
            if (_accesses == 1000)
                _start = GC.GetAllocatedBytesForCurrentThread();
            if (_accesses > 1000)
                Volatile.Write(ref _allocated, GC.GetAllocatedBytesForCurrentThread() - _start);
            Volatile.Write(ref _accesses, _accesses + 1);
        }
    }
}
