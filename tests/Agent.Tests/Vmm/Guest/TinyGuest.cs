using Appliance.Linux.Kvm;
using Appliance.Linux.Libc;
using Appliance.Vmm.Bus;
using Appliance.Vmm.Cpu;
using Appliance.Vmm.Memory;

namespace Appliance.Agent.Tests.Vmm.Guest;

/// <summary>A real machine of KVM's with one processor, which runs a few bytes of 16-bit code at 0x1000 in a MiB of RAM.</summary>
internal sealed class TinyGuest : IDisposable
{
    public const uint CodeAt = 0x1000;
    public const ulong MemoryBytes = 2 * MemoryLayout.MiB;

    private readonly KvmSystem _kvm = KvmSystem.Open();
    private readonly Fd _file = MemoryFiles.Create("tiny", (long)MemoryBytes);
    private readonly TaskCompletionSource<CpuEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TinyGuest(ReadOnlySpan<byte> code, bool logDirtyPages = false)
    {
        Machine = _kvm.CreateMachine();
        Machine.SetTssAddress(MemoryLayout.TaskState);
        Machine.SetIdentityMapAddress(MemoryLayout.IdentityMap);
        Machine.CreateIrqchip();
        Memory = new GuestMemory(MemoryBytes, _file);
        Memory.AttachTo(Machine, logDirtyPages);
        code.CopyTo(Memory.Slice(CodeAt, (uint)code.Length));
        Cpu = new VirtualCpu(0, Machine, Ports, MemoryBus, (_, end) => _ended.TrySetResult(end));
    }

    public KvmMachine Machine { get; }

    public GuestMemory Memory { get; }

    public AddressBus Ports { get; } = new();

    public AddressBus MemoryBus { get; } = new();

    public VirtualCpu Cpu { get; }

    /// <summary>Why the processor ended by itself.</summary>
    public Task<CpuEnd> Ended => _ended.Task;

    /// <summary>Why tests with guests cannot run here; null when they can.</summary>
    public static string? Obstacle => File.Exists("/dev/kvm") ? null : "no /dev/kvm";

    /// <summary>Makes the processor, at the start of the code, and lets it run.</summary>
    public void Start()
    {
        StartPaused();
        Cpu.Resume();
    }

    public void StartPaused()
    {
        Cpu.Start();
        Cpu.Ask(cpu =>
        {
            EntryState.SetRealMode(cpu, CodeAt);
            return 0;
        });
    }

    public byte Read(ulong address) => Memory.Slice(address, 1)[0];

    public void Dispose()
    {
        Cpu.Dispose();
        Machine.Dispose();
        Memory.Dispose();
        _file.Dispose();
        _kvm.Dispose();
    }
}
