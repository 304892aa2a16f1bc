using System.Runtime.InteropServices;
using Appliance.Vmm.Memory;

namespace Appliance.Vmm.Boot;

/// <summary><c>struct hvm_start_info</c>, version 1: xen/include/public/arch-x86/hvm/start_info.h.</summary>
internal static class PvhStartInfo
{
    private const uint XEN_HVM_START_MAGIC_VALUE = 0x336E_C578;

    [StructLayout(LayoutKind.Sequential)]
    private struct hvm_start_info
    {
        public uint magic, version, flags, nr_modules;
        public ulong modlist_paddr, cmdline_paddr, rsdp_paddr, memmap_paddr;
        public uint memmap_entries, reserved;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct hvm_modlist_entry
    {
        public ulong paddr, size, cmdline_paddr, reserved;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct hvm_memmap_table_entry
    {
        public ulong addr, size;
        public uint type, reserved;
    }

    public static unsafe void Write(GuestMemory memory, ReadOnlySpan<MemoryRange> map, BootRequest request, ulong initrd, ulong initrdBytes)
    {
        Put(memory, MemoryLayout.PvhModules, new hvm_modlist_entry { paddr = initrd, size = initrdBytes });
        for (int i = 0; i < map.Length; i++)
        {
            Put(
                memory,
                MemoryLayout.PvhMemoryMap + (ulong)(i * sizeof(hvm_memmap_table_entry)),
                new hvm_memmap_table_entry { addr = map[i].Start, size = map[i].LengthBytes, type = map[i].Type });
        }

        Put(memory, MemoryLayout.PvhStartInfo, new hvm_start_info
        {
            magic = XEN_HVM_START_MAGIC_VALUE,
            version = 1,
            nr_modules = initrdBytes == 0 ? 0u : 1,
            modlist_paddr = initrdBytes == 0 ? 0 : MemoryLayout.PvhModules,
            cmdline_paddr = MemoryLayout.CommandLine,
            rsdp_paddr = request.Rsdp,
            memmap_paddr = MemoryLayout.PvhMemoryMap,
            memmap_entries = (uint)map.Length,
        });
    }

    private static unsafe void Put<T>(GuestMemory memory, ulong address, T value) where T : unmanaged
    {
        if (!memory.TryWrite(address, value))
            throw new ArgumentOutOfRangeException(nameof(address));
    }
}
