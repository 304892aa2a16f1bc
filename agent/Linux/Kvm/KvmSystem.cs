using System.Runtime.InteropServices;
using Appliance.Linux.Libc;

namespace Appliance.Linux.Kvm;

/// <summary>The virtualization service of the kernel, <c>/dev/kvm</c>; KVM api.rst, "System ioctls".</summary>
internal sealed class KvmSystem : IDisposable
{
    // Above what any x86 processor has: KVM answers E2BIG, never a truncated list.
    private const int MaxCpuidEntries = 256;

    private readonly Fd _kvm;

    /// <summary>Takes over an opened <c>/dev/kvm</c>.</summary>
    /// <exception cref="LinuxException">The descriptor is no KVM, or one of another ABI.</exception>
    public KvmSystem(Fd kvm)
    {
        _kvm = kvm;
        int version = Files.Ioctl(kvm, KvmConstants.KVM_GET_API_VERSION, 0, "KVM_GET_API_VERSION");
        if (version != KvmConstants.KVM_API_VERSION)
            throw new LinuxException($"KVM_GET_API_VERSION answered {version}", Errno.EPROTO);
    }

    /// <summary>Opens the device by its path.</summary>
    public static KvmSystem Open(string path = "/dev/kvm") => new(Files.Open(path, Files.O_RDWR));

    /// <summary>0 when KVM lacks the capability; else its value.</summary>
    public int Check(int capability) => Files.Ioctl(_kvm, KvmConstants.KVM_CHECK_EXTENSION, capability, "KVM_CHECK_EXTENSION");

    /// <summary>Makes a machine without memory, processors or interrupt controllers.</summary>
    public KvmMachine CreateMachine()
    {
        int runPageBytes = Files.Ioctl(_kvm, KvmConstants.KVM_GET_VCPU_MMAP_SIZE, 0, "KVM_GET_VCPU_MMAP_SIZE");
        int large = Check(KvmConstants.KVM_CAP_XSAVE2);
        var sizes = new KvmStateSizes(large > 0, Math.Max(large, KvmStateSizes.LegacyExtendedState), Check(KvmConstants.KVM_CAP_NESTED_STATE));
        return new KvmMachine(Fd.Own(Files.Ioctl(_kvm, KvmConstants.KVM_CREATE_VM, 0, "KVM_CREATE_VM")), runPageBytes, sizes);
    }

    /// <summary>The model-specific registers that a guest's state consists of; api.rst §4.3.</summary>
    public unsafe uint[] GetMsrIndexes()
    {
        const int most = 1024;
        uint* list = stackalloc uint[1 + most];
        *list = most;
        // SAFETY: struct kvm_msr_list is a count and that many numbers; the kernel writes no more than the count allows.
        Files.Ioctl(_kvm, KvmConstants.KVM_GET_MSR_INDEX_LIST, (nint)list, "KVM_GET_MSR_INDEX_LIST");
        return new ReadOnlySpan<uint>(list + 1, (int)Math.Min(*list, most)).ToArray();
    }

    /// <summary>What CPUID can say in a guest of this host; api.rst §4.46.</summary>
    public unsafe kvm_cpuid_entry2[] GetSupportedCpuid()
    {
        int bytes = 8 + MaxCpuidEntries * sizeof(kvm_cpuid_entry2);
        byte* buffer = (byte*)NativeMemory.AllocZeroed((nuint)bytes);
        try
        {
            // SAFETY: struct kvm_cpuid2 is a count, padding and that many entries; the kernel writes no more than the count allows.
            *(uint*)buffer = MaxCpuidEntries;
            Files.Ioctl(_kvm, KvmConstants.KVM_GET_SUPPORTED_CPUID, (nint)buffer, "KVM_GET_SUPPORTED_CPUID");
            return new ReadOnlySpan<kvm_cpuid_entry2>(buffer + 8, (int)Math.Min(*(uint*)buffer, MaxCpuidEntries)).ToArray();
        }
        finally
        {
            NativeMemory.Free(buffer);
        }
    }

    public void Dispose() => _kvm.Dispose();
}
