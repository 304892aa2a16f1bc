using System.Buffers.Binary;
using Appliance.Vmm.Memory;

namespace Appliance.Vmm.Boot;

/// <summary>Linux' compressed kernel image; Documentation/arch/x86/boot.rst, whose field names the constants carry.</summary>
internal static class BzImage
{
    public const int SetupHeaderStart = 0x1F1;

    private const int setup_sects = 0x1F1;
    private const int jump = 0x200;
    private const int header = 0x202;
    private const int version = 0x206;
    private const int initrd_addr_max = 0x22C;
    private const int relocatable_kernel = 0x234;
    private const int xloadflags = 0x236;
    private const int cmdline_size = 0x238;
    private const int pref_address = 0x258;
    private const int init_size = 0x260;
    private const int HeaderEnd = 0x268;

    private const uint Magic = 0x53726448;              // "HdrS"
    private const ushort FirstVersion64 = 0x20C;
    private const ushort XLF_KERNEL_64 = 1;
    private const ulong Entry64 = 0x200;

    // The least alignment a relocatable 64-bit kernel asks for.
    private const ulong Alignment = 2 * MemoryLayout.MiB;

    // The boot sector's area ends where the E820 table begins.
    private const int SetupHeaderMaxEnd = 0x290;

    public static bool IsBzImage(ImageFile image) => image.TryRead(header, out uint magic) && magic == Magic;

    public static BootFault? Load(ImageFile image, GuestMemory memory, out KernelEntry? entry)
    {
        entry = null;
        var sector = new byte[SetupHeaderMaxEnd];
        if (!image.TryRead(0, sector.AsSpan(0, HeaderEnd)))
            return new BootFault("the bzImage ends inside its header");
        if (BinaryPrimitives.ReadUInt16LittleEndian(sector.AsSpan(version)) < FirstVersion64
            || (BinaryPrimitives.ReadUInt16LittleEndian(sector.AsSpan(xloadflags)) & XLF_KERNEL_64) == 0)
            return new BootFault("the bzImage has no 64-bit entry: it is no x86-64 kernel, or older than Linux 3.8");

        // 0 stands for 4, from when the field was younger than the kernels.
        ulong start = ((ulong)(sector[setup_sects] == 0 ? 4 : sector[setup_sects]) + 1) * 512;
        if (start >= image.Length)
            return new BootFault("the bzImage ends before its kernel");
        if (FindPlace(sector, image.Length - start, memory) is not { } address)
            return new BootFault($"the kernel needs more than the guest's {memory.LengthBytes / MemoryLayout.MiB} MiB of memory");
        if (!memory.TrySlice(address, (uint)(image.Length - start), out var room) || !image.TryRead(start, room))
            return new BootFault("the bzImage could not be read");

        entry = Describe(sector, address, image.Length - start);
        return null;
    }

    /// <summary>Where the kernel fits: its preferred place, else (if it can be moved) right above 1 MiB.</summary>
    private static ulong? FindPlace(ReadOnlySpan<byte> sector, ulong length, GuestMemory memory)
    {
        ulong preferred = BinaryPrimitives.ReadUInt64LittleEndian(sector[pref_address..]);
        ulong needed = Math.Max(length, BinaryPrimitives.ReadUInt32LittleEndian(sector[init_size..]));
        if (needed > uint.MaxValue)
            return null;
        if (preferred >= MemoryLayout.HighRamStart && preferred < memory.LowEnd && memory.Contains(preferred, needed))
            return preferred;
        return sector[relocatable_kernel] != 0 && memory.Contains(Alignment, needed) ? Alignment : null;
    }

    private static KernelEntry Describe(byte[] sector, ulong address, ulong length)
    {
        int end = Math.Clamp(header + sector[jump + 1], HeaderEnd, SetupHeaderMaxEnd);
        ulong needed = Math.Max(length, BinaryPrimitives.ReadUInt32LittleEndian(sector.AsSpan(init_size)));
        return new KernelEntry(
            BootProtocol.Linux64,
            address + Entry64,
            address + needed,
            sector.AsMemory(SetupHeaderStart, end - SetupHeaderStart),
            BinaryPrimitives.ReadUInt32LittleEndian(sector.AsSpan(initrd_addr_max)),
            BinaryPrimitives.ReadUInt32LittleEndian(sector.AsSpan(cmdline_size)));
    }
}
