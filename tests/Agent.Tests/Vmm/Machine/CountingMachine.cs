using Appliance.Agent.Tests.Vmm.Boot;
using Appliance.Agent.Tests.Vmm.Guest;
using Appliance.Linux.Kvm;
using Appliance.Linux.Libc;
using Appliance.Vmm.Machine;
using Appliance.Vmm.Memory;

namespace Appliance.Agent.Tests.Vmm.Machine;

/// <summary>A whole machine whose kernel does nothing but count, in a register and in memory.</summary>
internal sealed class CountingMachine : IDisposable
{
    public const ulong MemoryBytes = 32 * MemoryLayout.MiB;
    public const ulong CounterAt = 0x180_0000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    // inc rbx; mov [CounterAt],rbx; jmp back
    private static readonly byte[] Code = [0x48, 0xFF, 0xC3, 0x48, 0x89, 0x1C, 0x25, 0x00, 0x00, 0x80, 0x01, 0xEB, 0xF3];

    private readonly KvmSystem _kvm = KvmSystem.Open();

    public CountingMachine(int cpus = 1, Action<VirtualMachine>? addDevices = null)
    {
        Machine = new VirtualMachine(_kvm, new MachineOptions(cpus, MemoryBytes));
        addDevices?.Invoke(Machine);
        byte[] kernel = TestImages.Elf();
        Code.CopyTo(kernel.AsSpan(0x200));
        var image = TestImages.File(kernel, out var file);
        using (file)
            Assert.Null(Machine.Boot(image, null, ""));
    }

    public static string? Obstacle => TinyGuest.Obstacle;

    public VirtualMachine Machine { get; }

    public ulong Counter => Machine.Memory.TryRead(CounterAt, out ulong value) ? value : 0;

    /// <summary>Returns when the guest has counted beyond a value.</summary>
    public static void WaitBeyond(VirtualMachine machine, ulong value) =>
        Assert.True(SpinWait.SpinUntil(() => { Thread.Sleep(1); return machine.Memory.TryRead(CounterAt, out ulong now) && now > value; }, Patience));

    public void Dispose()
    {
        Machine.Dispose();
        _kvm.Dispose();
    }
}
