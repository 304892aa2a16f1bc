using System.Buffers.Binary;

namespace Appliance.Agent.Storage;

/// <summary>The first page of a swap area, as <c>mkswap</c> writes it: Linux include/linux/swap.h, <c>union swap_header</c>.</summary>
internal static class SwapHeader
{
    public const int PageBytes = 4096;

    // The union begins with 1024 bytes for boot sectors.
    private const int VersionOffset = 1024;
    private const int LastPageOffset = 1028;
    private const int UuidOffset = 1036;

    private static ReadOnlySpan<byte> Signature => "SWAPSPACE2"u8;

    /// <param name="lengthBytes">Of the whole area; a last part of a page is not used.</param>
    public static byte[] Compose(long lengthBytes, Guid id)
    {
        var page = new byte[PageBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(VersionOffset), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(LastPageOffset), (uint)((lengthBytes / PageBytes) - 1));
        id.TryWriteBytes(page.AsSpan(UuidOffset), bigEndian: true, out _);
        Signature.CopyTo(page.AsSpan(PageBytes - Signature.Length));
        return page;
    }
}
