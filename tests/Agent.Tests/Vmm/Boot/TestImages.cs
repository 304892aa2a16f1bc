using System.Buffers.Binary;
using Appliance.Linux.Libc;
using Appliance.Vmm.Boot;

namespace Appliance.Agent.Tests.Vmm.Boot;

/// <summary>The smallest files that are kernels by their headers.</summary>
internal static class TestImages
{
    public const int KernelBytes = 3000;
    public const ulong LoadAt = 0x100_0000;
    public const uint PvhEntry = 0x100_0040;

    /// <summary>Four setup sectors, then <see cref="KernelBytes"/> bytes of 0xCC.</summary>
    public static byte[] BzImage()
    {
        byte[] image = new byte[5 * 512 + KernelBytes];
        image[0x1F1] = 4;
        image[0x201] = 0x66;                                                    // the header ends at 0x268
        "HdrS"u8.CopyTo(image.AsSpan(0x202));
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(0x206), 0x20F);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(0x22C), 0x7FFF_FFFF);
        image[0x234] = 1;
        image[0x236] = 1;
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(0x238), 2047);
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(0x258), LoadAt);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(0x260), 0x10_0000);
        image.AsSpan(5 * 512).Fill(0xCC);
        return image;
    }

    /// <summary>One loadable segment and the note with the PVH entry.</summary>
    public static byte[] Elf()
    {
        byte[] image = new byte[0x200 + KernelBytes];
        Span<byte> bytes = image;
        ((ReadOnlySpan<byte>)[0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1]).CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[16..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[18..], 62);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], LoadAt);          // entry
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[32..], 64);              // program headers
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[54..], 56);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[56..], 2);
        ProgramHeader(bytes[64..], 1, 0x200, LoadAt, KernelBytes, 2 * KernelBytes);
        ProgramHeader(bytes[120..], 4, 0x180, 0, 20, 20);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[0x180..], 4);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[0x184..], 4);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[0x188..], 18);
        "Xen\0"u8.CopyTo(bytes[0x18C..]);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[0x190..], PvhEntry);
        bytes[0x200..].Fill(0xCC);
        return image;
    }

    public static ImageFile File(ReadOnlySpan<byte> content, out Fd file)
    {
        file = MemoryFiles.Create("image");
        FileData.WriteAt(file, 0, content);
        return new ImageFile(file);
    }

    private static void ProgramHeader(Span<byte> target, uint type, ulong offset, ulong address, ulong fileBytes, ulong memoryBytes)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(target, type);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], offset);
        BinaryPrimitives.WriteUInt64LittleEndian(target[24..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(target[32..], fileBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(target[40..], memoryBytes);
    }
}
