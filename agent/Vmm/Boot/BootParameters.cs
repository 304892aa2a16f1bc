using System.Buffers.Binary;
using Appliance.Vmm.Memory;

namespace Appliance.Vmm.Boot;

/// <summary>The "zero page", <c>struct boot_params</c> of asm/bootparam.h; field names as in Documentation/arch/x86/zero-page.rst.</summary>
internal static class BootParameters
{
    private const int Bytes = 4096;
    private const int acpi_rsdp_addr = 0x070;
    private const int e820_entries = 0x1E8;
    private const int boot_flag = 0x1FE;
    private const int header = 0x202;
    private const int version = 0x206;
    private const int type_of_loader = 0x210;
    private const int loadflags = 0x211;
    private const int ramdisk_image = 0x218;
    private const int ramdisk_size = 0x21C;
    private const int cmd_line_ptr = 0x228;
    private const int kernel_alignment = 0x230;
    private const int cmdline_size = 0x238;
    private const int e820_table = 0x2D0;
    private const int E820EntryBytes = 20;

    private const byte LOADED_HIGH = 1;
    private const byte UnknownLoader = 0xFF;

    public static void Write(GuestMemory memory, ReadOnlySpan<MemoryRange> map, KernelEntry entry, BootRequest request, ulong initrd, ulong initrdBytes)
    {
        var page = memory.Slice(MemoryLayout.BootParameters, Bytes);
        page.Clear();
        if (entry.SetupHeader.IsEmpty)
            WriteHeaderOfOurOwn(page, entry);
        else
            entry.SetupHeader.Span.CopyTo(page[BzImage.SetupHeaderStart..]);

        page[type_of_loader] = UnknownLoader;
        page[loadflags] |= LOADED_HIGH;
        BinaryPrimitives.WriteUInt32LittleEndian(page[cmd_line_ptr..], (uint)MemoryLayout.CommandLine);
        BinaryPrimitives.WriteUInt32LittleEndian(page[ramdisk_image..], (uint)initrd);
        BinaryPrimitives.WriteUInt32LittleEndian(page[ramdisk_size..], (uint)initrdBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(page[acpi_rsdp_addr..], request.Rsdp);

        page[e820_entries] = (byte)map.Length;
        for (int i = 0; i < map.Length; i++)
        {
            var target = page[(e820_table + i * E820EntryBytes)..];
            BinaryPrimitives.WriteUInt64LittleEndian(target, map[i].Start);
            BinaryPrimitives.WriteUInt64LittleEndian(target[8..], map[i].LengthBytes);
            BinaryPrimitives.WriteUInt32LittleEndian(target[16..], map[i].Type);
        }
    }

    // An ELF kernel brings no setup header.
    private static void WriteHeaderOfOurOwn(Span<byte> page, KernelEntry entry)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(page[boot_flag..], 0xAA55);
        "HdrS"u8.CopyTo(page[header..]);
        BinaryPrimitives.WriteUInt16LittleEndian(page[version..], 0x20F);
        BinaryPrimitives.WriteUInt32LittleEndian(page[kernel_alignment..], 0x100_0000);
        BinaryPrimitives.WriteUInt32LittleEndian(page[cmdline_size..], entry.CommandLineMax);
    }
}
