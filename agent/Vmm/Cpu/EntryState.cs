using System.Buffers.Binary;
using Appliance.Linux.Kvm;
using Appliance.Vmm.Memory;

namespace Appliance.Vmm.Cpu;

/// <summary>Registers that a kernel expects when it gets the first processor: Linux Documentation/arch/x86/boot.rst, "64-bit Boot Protocol"; PVH, "Xen x86/HVM direct boot ABI".</summary>
internal static class EntryState
{
    // Segment attributes of the GDT written by WriteTables: selector, then what hardware would have cached.
    private const ushort CodeSelector = 0x10;
    private const ushort DataSelector = 0x18;
    private const ushort TaskSelector = 0x20;

    private const ulong CR0_PE = 1, CR0_ET = 1 << 4, CR0_PG = 1UL << 31;
    private const ulong CR4_PAE = 1 << 5;
    private const ulong EFER_LME = 1 << 8, EFER_LMA = 1 << 10;
    private const ulong RFLAGS_FIXED = 2;

    // Page table entry: present, writable; and "2 MiB page" in the directory.
    private const ulong Present = 3;
    private const ulong LargePage = 1 << 7;

    /// <summary>Writes a GDT and an identity map of the first 4 GiB with 2 MiB pages into low RAM.</summary>
    public static void WriteTables(GuestMemory memory)
    {
        var gdt = memory.Slice(MemoryLayout.BootGdt, 5 * 8);
        BinaryPrimitives.WriteUInt64LittleEndian(gdt[0x10..], 0x00AF_9B00_0000_FFFF);
        BinaryPrimitives.WriteUInt64LittleEndian(gdt[0x18..], 0x00CF_9300_0000_FFFF);
        BinaryPrimitives.WriteUInt64LittleEndian(gdt[0x20..], 0x008F_8B00_0000_FFFF);

        const ulong pml4 = MemoryLayout.PageTables, pdpt = pml4 + 0x1000, directories = pml4 + 0x2000;
        var tables = memory.Slice(pml4, 6 * 0x1000);
        BinaryPrimitives.WriteUInt64LittleEndian(tables, pdpt | Present);
        for (int i = 0; i < 4; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(tables[(0x1000 + i * 8)..], (directories + (ulong)i * 0x1000) | Present);
        for (int i = 0; i < 4 * 512; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(tables[(0x2000 + i * 8)..], ((ulong)i << 21) | LargePage | Present);
    }

    /// <summary>64-bit mode with paging on, RSI pointing to the boot parameters.</summary>
    public static void SetLongMode(KvmCpu cpu, ulong entryPoint, ulong bootParameters)
    {
        var special = cpu.SpecialRegisters;
        SetSegments(ref special, Code(CodeSelector, isLong: true), Data(DataSelector));
        special.gdt.@base = MemoryLayout.BootGdt;
        special.gdt.limit = 5 * 8 - 1;
        special.cr3 = MemoryLayout.PageTables;
        special.cr4 |= CR4_PAE;
        special.cr0 = CR0_PE | CR0_ET | CR0_PG;
        special.efer |= EFER_LME | EFER_LMA;
        cpu.SpecialRegisters = special;
        cpu.Registers = new kvm_regs
        {
            rip = entryPoint,
            rsi = bootParameters,
            rsp = MemoryLayout.BootStack,
            rflags = RFLAGS_FIXED,
        };
    }

    /// <summary>32-bit protected mode, paging off, EBX pointing to the start info.</summary>
    public static void SetPvh(KvmCpu cpu, ulong entryPoint, ulong startInfo)
    {
        var special = cpu.SpecialRegisters;
        SetSegments(ref special, Code(CodeSelector, isLong: false), Data(DataSelector));
        special.gdt.@base = MemoryLayout.BootGdt;
        special.gdt.limit = 5 * 8 - 1;
        special.cr0 = CR0_PE | CR0_ET;
        special.cr4 = 0;
        special.efer = 0;
        cpu.SpecialRegisters = special;
        cpu.Registers = new kvm_regs { rip = entryPoint, rbx = startInfo, rflags = RFLAGS_FIXED };
    }

    /// <summary>16-bit real mode at a linear address below 1 MiB: programs of tests and boot sectors.</summary>
    public static void SetRealMode(KvmCpu cpu, uint linearAddress)
    {
        var special = cpu.SpecialRegisters;
        special.cs.@base = 0;
        special.cs.selector = 0;
        cpu.SpecialRegisters = special;
        cpu.Registers = new kvm_regs { rip = linearAddress, rsp = MemoryLayout.BootStack, rflags = RFLAGS_FIXED };
    }

    private static void SetSegments(ref kvm_sregs special, kvm_segment code, kvm_segment data)
    {
        special.cs = code;
        special.ds = special.es = special.fs = special.gs = special.ss = data;
        special.tr = new kvm_segment { limit = 0xFFFF, selector = TaskSelector, type = 0xB, present = 1 };
    }

    private static kvm_segment Code(ushort selector, bool isLong) => new()
    {
        limit = 0xFFFF_FFFF,
        selector = selector,
        type = 0xB,
        present = 1,
        s = 1,
        g = 1,
        l = isLong ? (byte)1 : (byte)0,
        db = isLong ? (byte)0 : (byte)1,
    };

    private static kvm_segment Data(ushort selector) => new()
    {
        limit = 0xFFFF_FFFF,
        selector = selector,
        type = 3,
        present = 1,
        s = 1,
        g = 1,
        db = 1,
    };
}
