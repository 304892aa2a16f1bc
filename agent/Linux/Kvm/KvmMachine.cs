using System.Runtime.InteropServices;
using Appliance.Linux.Libc;

namespace Appliance.Linux.Kvm;

/// <summary>One virtual machine, KVM api.rst, "VM ioctls". Every member may be called from any thread.</summary>
internal sealed class KvmMachine(Fd machine, int runPageBytes, KvmStateSizes sizes) : IDisposable
{
    /// <summary>Places the three pages that KVM needs on Intel processors without "unrestricted guest"; outside RAM and devices, below 4 GiB.</summary>
    public void SetTssAddress(uint address) => Files.Ioctl(machine, KvmConstants.KVM_SET_TSS_ADDR, (nint)address, "KVM_SET_TSS_ADDR");

    /// <summary>Places the page of the identity map, with the same limits as <see cref="SetTssAddress"/>.</summary>
    public void SetIdentityMapAddress(ulong address) =>
        Files.Ioctl(machine, KvmConstants.KVM_SET_IDENTITY_MAP_ADDR, ref address, "KVM_SET_IDENTITY_MAP_ADDR");

    /// <summary>PIC, I/O APIC and local APICs in the kernel. Before the first processor.</summary>
    public void CreateIrqchip() => Files.Ioctl(machine, KvmConstants.KVM_CREATE_IRQCHIP, 0, "KVM_CREATE_IRQCHIP");

    /// <param name="apicId">Number and local APIC id, 0 … <c>KVM_CAP_MAX_VCPU_ID</c> - 1.</param>
    public KvmCpu CreateCpu(int apicId) =>
        new(Fd.Own(Files.Ioctl(machine, KvmConstants.KVM_CREATE_VCPU, apicId, "KVM_CREATE_VCPU")), runPageBytes, sizes);

    /// <summary>Sets, changes or (with 0 bytes) removes a range of guest RAM.</summary>
    public void SetMemory(uint slot, ulong guestAddress, ulong lengthBytes, nint host, bool logDirtyPages = false) =>
        SetMemory(slot, guestAddress, lengthBytes, host, logDirtyPages ? KvmConstants.KVM_MEM_LOG_DIRTY_PAGES : 0);

    /// <summary>Sets a range that the guest can only read; its writes come as accesses to a device.</summary>
    public void SetReadOnlyMemory(uint slot, ulong guestAddress, ulong lengthBytes, nint host) =>
        SetMemory(slot, guestAddress, lengthBytes, host, KvmConstants.KVM_MEM_READONLY);

    private void SetMemory(uint slot, ulong guestAddress, ulong lengthBytes, nint host, uint flags)
    {
        var region = new kvm_userspace_memory_region
        {
            slot = slot,
            flags = flags,
            guest_phys_addr = guestAddress,
            memory_size = lengthBytes,
            userspace_addr = (ulong)host,
        };
        Files.Ioctl(machine, KvmConstants.KVM_SET_USER_MEMORY_REGION, ref region, "KVM_SET_USER_MEMORY_REGION");
    }

    /// <summary>Takes and clears the record of pages that the guest wrote since the last call: one bit per 4 KiB page.</summary>
    /// <param name="bitmap">One bit per page of the slot, rounded up to 64.</param>
    public unsafe void GetDirtyLog(uint slot, Span<ulong> bitmap)
    {
        // SAFETY: pinned for the call; the caller made it as long as the slot.
        fixed (ulong* pointer = bitmap)
        {
            var log = new kvm_dirty_log { slot = slot, dirty_bitmap = (ulong)pointer };
            Files.Ioctl(machine, KvmConstants.KVM_GET_DIRTY_LOG, ref log, "KVM_GET_DIRTY_LOG");
        }
    }

    /// <summary>
    /// From the next <see cref="SetMemory"/> with a log on, <see cref="GetDirtyLog"/> only reads, and <see cref="ClearDirtyLog"/> clears a part: the
    /// guest is slowed down a part at a time. False where KVM is too old: then reading clears all.
    /// </summary>
    public bool TryClearByHand()
    {
        var capability = new kvm_enable_cap { cap = KvmConstants.KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, arg0 = KvmConstants.KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE };
        return Files.TryIoctl(machine, KvmConstants.KVM_ENABLE_CAP, ref capability, out _) == Errno.None;
    }

    /// <summary>Forgets, and watches again, the pages of a range whose bits are set; api.rst §4.117.</summary>
    /// <param name="firstPage">Multiple of 64.</param>
    /// <param name="pages">Multiple of 64, or up to the slot's end.</param>
    public unsafe void ClearDirtyLog(uint slot, ulong firstPage, uint pages, ReadOnlySpan<ulong> bitmap)
    {
        // SAFETY: pinned for the call; the caller gives as many bits as pages.
        fixed (ulong* pointer = bitmap)
        {
            var log = new kvm_clear_dirty_log { slot = slot, first_page = firstPage, num_pages = pages, dirty_bitmap = (ulong)pointer };
            Files.Ioctl(machine, KvmConstants.KVM_CLEAR_DIRTY_LOG, ref log, "KVM_CLEAR_DIRTY_LOG");
        }
    }

    /// <summary>The state of one of the interrupt controllers in the kernel; api.rst §4.26.</summary>
    /// <param name="chip"><c>KVM_IRQCHIP_PIC_MASTER</c>, <c>_PIC_SLAVE</c> or <c>_IOAPIC</c>.</param>
    public kvm_irqchip GetIrqchip(uint chip)
    {
        var state = new kvm_irqchip { chip_id = chip };
        Files.Ioctl(machine, KvmConstants.KVM_GET_IRQCHIP, ref state, "KVM_GET_IRQCHIP");
        return state;
    }

    public void SetIrqchip(kvm_irqchip state) => Files.Ioctl(machine, KvmConstants.KVM_SET_IRQCHIP, ref state, "KVM_SET_IRQCHIP");

    /// <summary>The guest's clock; api.rst §4.29.</summary>
    public kvm_clock_data Clock
    {
        get
        {
            var clock = default(kvm_clock_data);
            Files.Ioctl(machine, KvmConstants.KVM_GET_CLOCK, ref clock, "KVM_GET_CLOCK");
            return clock;
        }
        set => Files.Ioctl(machine, KvmConstants.KVM_SET_CLOCK, ref value, "KVM_SET_CLOCK");
    }

    /// <summary>From now on a signal of the event raises the interrupt line once (an edge), without a thread of ours; api.rst §4.75.</summary>
    public void AttachInterrupt(EventFd source, uint gsi) => SetIrqfd(source, gsi, 0);

    public void DetachInterrupt(EventFd source, uint gsi) => SetIrqfd(source, gsi, KvmConstants.KVM_IRQFD_FLAG_DEASSIGN);

    /// <summary>From now on a guest's write of this value signals the event instead of leaving the guest; api.rst §4.59.</summary>
    /// <param name="lengthBytes">Width of the write: 1, 2, 4 or 8.</param>
    /// <param name="isPort">An I/O port, not memory.</param>
    /// <param name="match">Only writes of this value; null: of any value.</param>
    /// <returns><c>EEXIST</c>: another event has this address; <c>ENOSPC</c>: there are too many. The write still leaves the guest then.</returns>
    public Errno AttachNotify(EventFd target, ulong address, uint lengthBytes, bool isPort = false, ulong? match = null) =>
        SetIoeventfd(target, address, lengthBytes, isPort, match, 0);

    public Errno DetachNotify(EventFd target, ulong address, uint lengthBytes, bool isPort = false, ulong? match = null) =>
        SetIoeventfd(target, address, lengthBytes, isPort, match, KvmConstants.KVM_IOEVENTFD_FLAG_DEASSIGN);

    /// <summary>Replaces the table that says what each GSI raises; api.rst §4.52. An entry that KVM refuses changes nothing.</summary>
    public unsafe Errno SetGsiRouting(ReadOnlySpan<kvm_irq_routing_entry> entries)
    {
        int bytes = 8 + entries.Length * sizeof(kvm_irq_routing_entry);
        byte* table = (byte*)NativeMemory.AllocZeroed((nuint)bytes);
        try
        {
            // SAFETY: struct kvm_irq_routing is a count, flags and that many entries.
            *(uint*)table = (uint)entries.Length;
            entries.CopyTo(new Span<kvm_irq_routing_entry>(table + 8, entries.Length));
            return Files.TryIoctl(machine, KvmConstants.KVM_SET_GSI_ROUTING, (nint)table, out _);
        }
        finally
        {
            NativeMemory.Free(table);
        }
    }

    public void Dispose() => machine.Dispose();

    private void SetIrqfd(EventFd source, uint gsi, uint flags)
    {
        var irqfd = new kvm_irqfd { fd = (uint)source.Descriptor.Number, gsi = gsi, flags = flags };
        Files.Ioctl(machine, KvmConstants.KVM_IRQFD, ref irqfd, $"KVM_IRQFD {gsi}");
    }

    private Errno SetIoeventfd(EventFd target, ulong address, uint lengthBytes, bool isPort, ulong? match, uint flags)
    {
        if (isPort)
            flags |= KvmConstants.KVM_IOEVENTFD_FLAG_PIO;
        if (match is not null)
            flags |= KvmConstants.KVM_IOEVENTFD_FLAG_DATAMATCH;
        var ioeventfd = new kvm_ioeventfd
        {
            datamatch = match ?? 0,
            addr = address,
            len = lengthBytes,
            fd = target.Descriptor.Number,
            flags = flags,
        };
        return Files.TryIoctl(machine, KvmConstants.KVM_IOEVENTFD, ref ioeventfd, out _);
    }
}
