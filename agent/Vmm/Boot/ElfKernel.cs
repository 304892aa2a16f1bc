using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Appliance.Vmm.Memory;

namespace Appliance.Vmm.Boot;

/// <summary>An uncompressed kernel (vmlinux): System V ABI, "Object Files"; the PVH entry is a note of Xen's, xen/include/public/elfnote.h.</summary>
internal static class ElfKernel
{
    private const uint Magic = 0x464C457F;
    private const byte ELFCLASS64 = 2;
    private const byte ELFDATA2LSB = 1;
    private const ushort EM_X86_64 = 62;
    private const uint PT_LOAD = 1;
    private const uint PT_NOTE = 4;
    private const uint XEN_ELFNOTE_PHYS32_ENTRY = 18;
    private const uint XenName = 0x006E6558;            // "Xen\0"

    // Kernels have about ten; without a bound a file of 65535 headers would be 65535 reads.
    private const int MaxProgramHeaders = 64;
    private const ulong MaxNoteBytes = 4 * MemoryLayout.KiB;

    // What Linux of today takes; a kernel that takes less cuts the rest off.
    private const uint CommandLineMax = 2047;

    [StructLayout(LayoutKind.Sequential)]
    private struct Elf64_Ehdr
    {
        public uint e_magic;
        public byte e_class, e_data, e_version_id, e_osabi;
        public ulong e_pad;
        public ushort e_type, e_machine;
        public uint e_version;
        public ulong e_entry, e_phoff, e_shoff;
        public uint e_flags;
        public ushort e_ehsize, e_phentsize, e_phnum, e_shentsize, e_shnum, e_shstrndx;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Elf64_Phdr
    {
        public uint p_type, p_flags;
        public ulong p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_align;
    }

    public static bool IsElf(ImageFile image) => image.TryRead(0, out uint magic) && magic == Magic;

    public static BootFault? Load(ImageFile image, GuestMemory memory, bool prefersPvh, out KernelEntry? entry)
    {
        entry = null;
        if (!image.TryRead(0, out Elf64_Ehdr header) || header.e_class != ELFCLASS64 || header.e_data != ELFDATA2LSB || header.e_machine != EM_X86_64)
            return new BootFault("the ELF file is no x86-64 program");
        if (header.e_phentsize != Unsafe.SizeOf<Elf64_Phdr>() || header.e_phnum is 0 or > MaxProgramHeaders)
            return new BootFault("the ELF file has no program headers that a kernel would have");

        ulong end = 0;
        uint? pvhEntry = null;
        for (uint i = 0; i < header.e_phnum; i++)
        {
            ulong position = header.e_phoff + i * header.e_phentsize;
            if (position < header.e_phoff || !image.TryRead(position, out Elf64_Phdr segment))
                return new BootFault("the ELF file ends inside its program headers");
            if (segment.p_type == PT_LOAD && LoadSegment(image, memory, segment, ref end) is { } fault)
                return fault;
            if (segment.p_type == PT_NOTE)
                pvhEntry ??= FindPvhEntry(image, segment);
        }

        var protocol = prefersPvh && pvhEntry is not null ? BootProtocol.Pvh : BootProtocol.Linux64;
        ulong address = protocol == BootProtocol.Pvh ? pvhEntry!.Value : header.e_entry;
        if (!memory.Contains(address, 1))
            return new BootFault($"the ELF file's entry {address:x} is outside of the guest's memory");
        entry = new KernelEntry(protocol, address, end, default, uint.MaxValue, CommandLineMax);
        return null;
    }

    private static BootFault? LoadSegment(ImageFile image, GuestMemory memory, in Elf64_Phdr segment, ref ulong end)
    {
        if (segment.p_filesz > segment.p_memsz || segment.p_memsz > int.MaxValue)
            return new BootFault("the ELF file has a segment that is longer than its memory");
        if (segment.p_paddr < MemoryLayout.HighRamStart || segment.p_paddr >= MemoryLayout.HoleStart)
            return new BootFault($"the ELF file wants to be at {segment.p_paddr:x}, where no kernel may be");
        if (!memory.TrySlice(segment.p_paddr, (uint)segment.p_memsz, out var room))
            return new BootFault($"the kernel needs more than the guest's {memory.LengthBytes / MemoryLayout.MiB} MiB of memory");
        if (!image.TryRead(segment.p_offset, room[..(int)segment.p_filesz]))
            return new BootFault("the ELF file ends inside a segment");

        end = Math.Max(end, segment.p_paddr + segment.p_memsz);
        return null;
    }

    private static uint? FindPvhEntry(ImageFile image, in Elf64_Phdr segment)
    {
        ulong length = Math.Min(segment.p_filesz, MaxNoteBytes);
        for (ulong at = 0; at < length && length - at >= 12;)
        {
            if (!image.TryRead(segment.p_offset + at, out uint nameBytes)
                || !image.TryRead(segment.p_offset + at + 4, out uint descriptorBytes)
                || !image.TryRead(segment.p_offset + at + 8, out uint type))
                return null;
            ulong descriptor = at + 12 + RoundUp(nameBytes);
            if (type == XEN_ELFNOTE_PHYS32_ENTRY && nameBytes == 4 && descriptorBytes >= 4
                && image.TryRead(segment.p_offset + at + 12, out uint name) && name == XenName)
                return image.TryRead(segment.p_offset + descriptor, out uint address) ? address : null;
            at = descriptor + RoundUp(descriptorBytes);
        }

        return null;
    }

    private static ulong RoundUp(uint bytes) => ((ulong)bytes + 3) & ~3UL;
}
