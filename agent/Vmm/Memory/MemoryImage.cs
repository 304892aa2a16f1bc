using Appliance.Linux.Libc;

namespace Appliance.Vmm.Memory;

/// <summary>
/// The file of a guest's RAM: the RAM below the hole, then the RAM above it, pages of zeros as holes. The layout of the memory file that a machine
/// runs from, so that a restored machine maps the file itself.
/// </summary>
internal static class MemoryImage
{
    private const int PageBytes = 4096;

    // Written by one call. Larger saves no time; it bounds how long the end of a job waits.
    private const int ChunkBytes = 1 << 20;

    /// <summary>Copies all RAM of a paused machine into a file, which becomes exactly that long.</summary>
    /// <param name="isCancelled">Asked now and then; true ends it early.</param>
    /// <returns>Bytes written: not those of holes.</returns>
    public static long Write(GuestMemory memory, Fd target, Func<bool> isCancelled)
    {
        FileData.SetLength(target, 0);
        FileData.SetLength(target, (long)memory.LengthBytes);
        long written = 0;
        for (ulong position = 0; position < memory.LengthBytes && !isCancelled();)
        {
            position = memory.NextData(position, out ulong length);
            length = Math.Min(length, ChunkBytes);
            if (length > 0)
                written += WriteChunk(target, (long)position, memory.AtFilePosition(position, (int)length));
            position += length;
        }

        return written;
    }

    private static long WriteChunk(Fd target, long position, ReadOnlySpan<byte> chunk)
    {
        long written = 0;
        for (int start = 0; start < chunk.Length;)
        {
            int end = start;
            while (end < chunk.Length && !IsZero(chunk.Slice(end, PageBytes)))
                end += PageBytes;
            if (end > start)
                FileData.WriteAt(target, position + start, chunk[start..end]);
            written += end - start;
            start = end + PageBytes;
        }

        return written;
    }

    /// <summary>Whether a page holds nothing but zeros.</summary>
    public static bool IsZero(ReadOnlySpan<byte> page) => !page.ContainsAnyExcept((byte)0);
}
