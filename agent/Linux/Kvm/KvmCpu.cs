using System.Runtime.InteropServices;
using Appliance.Linux.Libc;

namespace Appliance.Linux.Kvm;

/// <summary>
/// One processor of a machine, KVM api.rst, "vcpu ioctls". Only the processor's own thread may use it: KVM holds the processor's mutex while
/// the guest runs, so a call from elsewhere waits for an exit that may never come.
/// </summary>
internal sealed unsafe partial class KvmCpu : IDisposable
{
    private readonly Fd _cpu;
    private readonly int _number;
    private readonly MemoryMapping _page;
    private readonly KvmStateSizes _sizes;

    internal KvmCpu(Fd cpu, int runPageBytes, KvmStateSizes sizes)
    {
        _cpu = cpu;
        _sizes = sizes;
        _number = cpu.Number;
        _page = MemoryMapping.OfFile(cpu, runPageBytes);
    }

    /// <summary>Shared with the kernel; valid until this object is disposed.</summary>
    public kvm_run* Run => (kvm_run*)_page.Start;

    /// <summary>The data of a <c>KVM_EXIT_IO</c>: <c>size * count</c> bytes, inside the page whatever the kernel says.</summary>
    public Span<byte> PortData
    {
        get
        {
            var run = Run;
            ulong length = (ulong)run->io_size * run->io_count;
            ulong offset = run->io_data_offset;
            // SAFETY: the page is mapped, and the range was compared with its length.
            return offset <= _page.Length && length <= _page.Length - offset
                ? new Span<byte>((byte*)_page.Start + offset, (int)length)
                : default;
        }
    }

    /// <summary>Runs guest code until something happens; api.rst §4.10. Allocates nothing.</summary>
    /// <returns><see cref="Errno.None"/>: see <see cref="Run"/>. <c>EINTR</c>, <c>EAGAIN</c>: call again; a kick or a processor not yet started.</returns>
    public Errno Enter() => ioctl(_number, KvmConstants.KVM_RUN, 0) < 0 ? LinuxException.LastErrno : Errno.None;

    public kvm_regs Registers
    {
        get => Get<kvm_regs>(KvmConstants.KVM_GET_REGS, "KVM_GET_REGS");
        set => Set(KvmConstants.KVM_SET_REGS, value, "KVM_SET_REGS");
    }

    public kvm_sregs SpecialRegisters
    {
        get => Get<kvm_sregs>(KvmConstants.KVM_GET_SREGS, "KVM_GET_SREGS");
        set => Set(KvmConstants.KVM_SET_SREGS, value, "KVM_SET_SREGS");
    }

    public kvm_mp_state MultiprocessorState
    {
        get => Get<kvm_mp_state>(KvmConstants.KVM_GET_MP_STATE, "KVM_GET_MP_STATE");
        set => Set(KvmConstants.KVM_SET_MP_STATE, value, "KVM_SET_MP_STATE");
    }

    public kvm_lapic_state LocalApic
    {
        get => Get<kvm_lapic_state>(KvmConstants.KVM_GET_LAPIC, "KVM_GET_LAPIC");
        set => Set(KvmConstants.KVM_SET_LAPIC, value, "KVM_SET_LAPIC");
    }

    /// <summary>Pending and injected exceptions, interrupts, NMIs.</summary>
    public kvm_vcpu_events Events
    {
        get => Get<kvm_vcpu_events>(KvmConstants.KVM_GET_VCPU_EVENTS, "KVM_GET_VCPU_EVENTS");
        set => Set(KvmConstants.KVM_SET_VCPU_EVENTS, value, "KVM_SET_VCPU_EVENTS");
    }

    public kvm_debugregs DebugRegisters
    {
        get => Get<kvm_debugregs>(KvmConstants.KVM_GET_DEBUGREGS, "KVM_GET_DEBUGREGS");
        set => Set(KvmConstants.KVM_SET_DEBUGREGS, value, "KVM_SET_DEBUGREGS");
    }

    public kvm_xcrs ExtendedControlRegisters
    {
        get => Get<kvm_xcrs>(KvmConstants.KVM_GET_XCRS, "KVM_GET_XCRS");
        set => Set(KvmConstants.KVM_SET_XCRS, value, "KVM_SET_XCRS");
    }

    /// <summary>Rate of the guest's time stamp counter.</summary>
    public uint TscKhz => (uint)Files.Ioctl(_cpu, KvmConstants.KVM_GET_TSC_KHZ, 0, "KVM_GET_TSC_KHZ");

    /// <summary>The reason when the host's processors cannot scale it.</summary>
    public Errno TrySetTscKhz(uint rate) => Files.TryIoctl(_cpu, KvmConstants.KVM_SET_TSC_KHZ, (nint)rate, out _);

    /// <summary>Floating point and vector registers, in the layout of the XSAVE instruction.</summary>
    public byte[] GetExtendedState()
    {
        byte[] state = new byte[_sizes.ExtendedState];
        fixed (byte* pointer = state)
            Files.Ioctl(_cpu, _sizes.HasLargeExtendedState ? KvmConstants.KVM_GET_XSAVE2 : KvmConstants.KVM_GET_XSAVE, (nint)pointer, "KVM_GET_XSAVE");
        return state;
    }

    /// <param name="state">What another machine had; this one's processors may have more room, or unused room less.</param>
    public void SetExtendedState(ReadOnlySpan<byte> state)
    {
        byte[] own = new byte[Math.Max(_sizes.ExtendedState, state.Length)];
        state.CopyTo(own);
        fixed (byte* pointer = own)
            Files.Ioctl(_cpu, KvmConstants.KVM_SET_XSAVE, (nint)pointer, "KVM_SET_XSAVE");
    }

    /// <summary>What a guest that is a hypervisor itself has in flight; empty where KVM has none.</summary>
    public byte[] GetNestedState()
    {
        if (_sizes.NestedState < sizeof(kvm_nested_state))
            return [];
        byte[] state = new byte[_sizes.NestedState];
        fixed (byte* pointer = state)
        {
            ((kvm_nested_state*)pointer)->size = (uint)state.Length;
            Files.Ioctl(_cpu, KvmConstants.KVM_GET_NESTED_STATE, (nint)pointer, "KVM_GET_NESTED_STATE");
            return state[..(int)Math.Min(((kvm_nested_state*)pointer)->size, (uint)state.Length)];
        }
    }

    public void SetNestedState(ReadOnlySpan<byte> state)
    {
        if (state.Length < sizeof(kvm_nested_state))
            return;
        byte[] copy = state.ToArray();
        fixed (byte* pointer = copy)
        {
            ((kvm_nested_state*)pointer)->size = (uint)copy.Length;
            Files.Ioctl(_cpu, KvmConstants.KVM_SET_NESTED_STATE, (nint)pointer, "KVM_SET_NESTED_STATE");
        }
    }

    /// <summary>Tells the guest's clock that the processor stood still, so that its watchdogs do not bark. A guest without that clock is not told.</summary>
    public void AnnouncePause() => _ = Files.TryIoctl(_cpu, KvmConstants.KVM_KVMCLOCK_CTRL, 0, out _);

    public void SetFpu(in kvm_fpu fpu) => Set(KvmConstants.KVM_SET_FPU, fpu, "KVM_SET_FPU");

    /// <summary>What CPUID answers in the guest. Before any register of the guest is set.</summary>
    public void SetCpuid(ReadOnlySpan<kvm_cpuid_entry2> entries) =>
        SetList(KvmConstants.KVM_SET_CPUID2, entries, "KVM_SET_CPUID2");

    /// <summary>Sets model-specific registers; refused ones are skipped.</summary>
    /// <returns>How many the kernel refused: another kernel, or another processor, than the values come from.</returns>
    public int SetMsrs(ReadOnlySpan<kvm_msr_entry> entries)
    {
        int refused = 0;
        while (!entries.IsEmpty)
        {
            int set = SetList(KvmConstants.KVM_SET_MSRS, entries, "KVM_SET_MSRS");
            if (set >= entries.Length)
                break;
            refused++;
            entries = entries[(set + 1)..];
        }

        return refused;
    }

    /// <summary>Reads model-specific registers; those that this processor has not are left out.</summary>
    public kvm_msr_entry[] GetMsrs(ReadOnlySpan<uint> indexes)
    {
        var read = new List<kvm_msr_entry>(indexes.Length);
        byte* list = (byte*)NativeMemory.AllocZeroed((nuint)(8 + indexes.Length * sizeof(kvm_msr_entry)));
        try
        {
            while (!indexes.IsEmpty)
            {
                // SAFETY: struct kvm_msrs is a count, padding and that many entries; there is room for all of them.
                *(uint*)list = (uint)indexes.Length;
                var entries = new Span<kvm_msr_entry>(list + 8, indexes.Length);
                for (int i = 0; i < indexes.Length; i++)
                    entries[i] = new kvm_msr_entry { index = indexes[i] };
                int got = Files.Ioctl(_cpu, KvmConstants.KVM_GET_MSRS, (nint)list, "KVM_GET_MSRS");
                read.AddRange(entries[..got]);
                indexes = indexes[Math.Min(got + 1, indexes.Length)..];      // the one behind the last it read is refused
            }
        }
        finally
        {
            NativeMemory.Free(list);
        }

        return [.. read];
    }

    public void Dispose()
    {
        _page.Dispose();
        _cpu.Dispose();
    }

    private T Get<T>(uint request, string operation) where T : unmanaged
    {
        var value = default(T);
        Files.Ioctl(_cpu, request, ref value, operation);
        return value;
    }

    private void Set<T>(uint request, T value, string operation) where T : unmanaged => Files.Ioctl(_cpu, request, ref value, operation);

    private int SetList<T>(uint request, ReadOnlySpan<T> entries, string operation) where T : unmanaged
    {
        byte* list = (byte*)NativeMemory.AllocZeroed((nuint)(8 + entries.Length * sizeof(T)));
        try
        {
            // SAFETY: kvm_cpuid2 and kvm_msrs alike are a count, padding and that many entries.
            *(uint*)list = (uint)entries.Length;
            entries.CopyTo(new Span<T>(list + 8, entries.Length));
            return Files.Ioctl(_cpu, request, (nint)list, operation);
        }
        finally
        {
            NativeMemory.Free(list);
        }
    }

    // A number instead of a SafeHandle: KVM_RUN is the hottest call there is, and Dispose comes after the thread's end.
    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial int ioctl(int fd, nuint request, nint argument);
}
