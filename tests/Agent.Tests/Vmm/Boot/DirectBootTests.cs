using System.Buffers.Binary;
using System.Text;
using Appliance.Linux.Libc;
using Appliance.Vmm.Boot;
using Appliance.Vmm.Memory;
using CsCheck;

namespace Appliance.Agent.Tests.Vmm.Boot;

public sealed class DirectBootTests : IDisposable
{
    private const ulong MemoryBytes = 64 * MemoryLayout.MiB;
    private const ulong Rsdp = MemoryLayout.AcpiTables;

    private readonly Fd _file = MemoryFiles.Create("guest", (long)MemoryBytes);
    private readonly GuestMemory _memory;

    public DirectBootTests() => _memory = new GuestMemory(MemoryBytes, _file);

    public void Dispose()
    {
        _memory.Dispose();
        _file.Dispose();
    }

    [Fact]
    public void A_bzImage_is_loaded_with_its_initrd_command_line_and_memory_map()
    {
        Assert.Null(Prepare(TestImages.BzImage(), [1, 2, 3], "console=ttyS0", out var boot));
        Assert.Equal(BootProtocol.Linux64, boot!.Protocol);
        Assert.Equal(0xCC, _memory.Slice(TestImages.LoadAt, 1)[0]);

        var page = _memory.Slice(MemoryLayout.BootParameters, 4096);
        uint initrd = BinaryPrimitives.ReadUInt32LittleEndian(page[0x218..]);
        Assert.Equal(MemoryBytes - 4096, initrd);
        Assert.Equal([1, 2, 3], _memory.Slice(initrd, 3).ToArray());
        Assert.Equal(3u, BinaryPrimitives.ReadUInt32LittleEndian(page[0x21C..]));
        Assert.Equal(Rsdp, BinaryPrimitives.ReadUInt64LittleEndian(page[0x070..]));
        Assert.Equal("console=ttyS0\0"u8, _memory.Slice(BinaryPrimitives.ReadUInt32LittleEndian(page[0x228..]), 14));
        Assert.Equal(3, page[0x1E8]);
        Assert.Equal(MemoryLayout.LowRamEnd, BinaryPrimitives.ReadUInt64LittleEndian(page[0x2D8..]));
        Assert.Equal("HdrS", Encoding.ASCII.GetString(page[0x202..0x206]));
    }

    [Fact]
    public void An_ELF_kernel_boots_by_either_entry()
    {
        Assert.Null(Prepare(TestImages.Elf(), [7], "a", out var boot));
        Assert.Equal(BootProtocol.Linux64, boot!.Protocol);
        Assert.Null(Prepare(TestImages.Elf(), [7], "a", out boot, prefersPvh: true));
        Assert.Equal(BootProtocol.Pvh, boot!.Protocol);
        var start = _memory.Slice(MemoryLayout.PvhStartInfo, 56);
        Assert.Equal((0x336EC578u, 1u, 1u), (BinaryPrimitives.ReadUInt32LittleEndian(start), BinaryPrimitives.ReadUInt32LittleEndian(start[4..]), BinaryPrimitives.ReadUInt32LittleEndian(start[12..])));
        Assert.Equal((Rsdp, 3u), (BinaryPrimitives.ReadUInt64LittleEndian(start[32..]), BinaryPrimitives.ReadUInt32LittleEndian(start[48..])));
    }

    [Fact]
    public void What_cannot_boot_says_why()
    {
        Assert.Equal("the kernel is neither a bzImage nor an ELF file", Prepare([1, 2, 3], null, "", out _)!.Reason);
        Assert.Contains("2047", Prepare(TestImages.BzImage(), null, new string('x', 2048), out _)!.Reason, StringComparison.Ordinal);
        Assert.Contains("ASCII", Prepare(TestImages.BzImage(), null, "ü", out _)!.Reason, StringComparison.Ordinal);
        Assert.Contains("64 MiB", Prepare(TestImages.BzImage(), new byte[50 << 20], "", out _)!.Reason, StringComparison.Ordinal);

        byte[] old = TestImages.BzImage();
        old[0x236] = 0;
        Assert.Contains("64-bit", Prepare(old, null, "", out _)!.Reason, StringComparison.Ordinal);

        byte[] low = TestImages.Elf();
        BinaryPrimitives.WriteUInt64LittleEndian(low.AsSpan(64 + 24), 0x7000);
        Assert.Contains("7000", Prepare(low, null, "", out _)!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_kernel_that_does_not_fit_where_it_prefers_is_moved_when_it_can_be()
    {
        byte[] image = TestImages.BzImage();
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(0x258), MemoryBytes);
        Assert.Null(Prepare(image, null, "", out _));
        image[0x234] = 0;
        Assert.Contains("64 MiB", Prepare(image, null, "", out _)!.Reason, StringComparison.Ordinal);
    }

    /// <summary>Damaged files either boot or are refused: no exception, no write outside of the guest's memory.</summary>
    [Fact]
    public void Damaged_images_never_do_harm()
    {
        var damage = Gen.Select(Gen.Int[0, 0x270], Gen.OneOf(Gen.Byte, Gen.Byte[0, 1], Gen.Byte[254, 255])).Array[1, 12];
        Gen.Select(Gen.Bool, damage, Gen.Int[0, 4000], Gen.Bool).Sample((isElf, bytes, length, prefersPvh) =>
        {
            byte[] image = isElf ? TestImages.Elf() : TestImages.BzImage();
            foreach (var (at, value) in bytes)
                image[at] = value;
            byte[] cut = length < 3500 ? image : image[..Math.Min(length, image.Length)];
            var fault = Prepare(cut, [1], "x", out var boot, prefersPvh);
            return fault is null == boot is not null;
        }, iter: 5000, threads: 1);
    }

    private BootFault? Prepare(byte[] kernel, byte[]? initrd, string commandLine, out DirectBoot? boot, bool prefersPvh = false)
    {
        var image = TestImages.File(kernel, out var kernelFile);
        Fd? initrdFile = null;
        var initrdImage = initrd is null ? null : TestImages.File(initrd, out initrdFile);
        using (kernelFile)
        using (initrdFile)
            return DirectBoot.Prepare(new BootRequest(image, initrdImage, commandLine, Rsdp, prefersPvh), _memory, out boot);
    }
}
