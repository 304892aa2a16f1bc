using System.Runtime.InteropServices;

namespace Appliance.Vmm.Memory;

/// <summary>
/// Pages that devices wrote: KVM's dirty log holds only what the guest's processors write. One bit per page of 4 KiB, counted from guest address 0
/// with the hole below 4 GiB included: the layout of vhost's log too (VHOST_SET_LOG_BASE). Marking is atomic and allocates nothing.
/// </summary>
internal sealed unsafe class WriteLog : IDisposable
{
    public const int PageShift = 12;

    private readonly ulong _pages;
    private ulong* _words;

    /// <param name="end">First guest address behind the RAM.</param>
    public WriteLog(ulong end)
    {
        _pages = (end + 0xFFF) >> PageShift;
        _words = (ulong*)NativeMemory.AllocZeroed((nuint)((_pages + 63) / 64), sizeof(ulong));
    }

    /// <summary>The bits, for a kernel that writes guest memory itself; valid until this object is disposed.</summary>
    public nint Bitmap => (nint)_words;

    /// <summary>Notes a write that is done; noted before, a copy could be taken in between.</summary>
    /// <param name="address">In RAM, as is all of the range.</param>
    public void Mark(ulong address, ulong lengthBytes)
    {
        if (lengthBytes == 0)
            return;
        ulong last = (address + (lengthBytes - 1)) >> PageShift;
        for (ulong page = address >> PageShift; page <= last && page < _pages; page++)
            Interlocked.Or(ref _words[page / 64], 1UL << (int)(page % 64));
    }

    /// <summary>Adds the bits of a range of pages to others and clears them here.</summary>
    /// <param name="firstPage">Multiple of 64.</param>
    public void MoveTo(ulong firstPage, Span<ulong> words)
    {
        ulong most = (_pages + 63) / 64;
        for (ulong i = 0; i < (ulong)words.Length && firstPage / 64 + i < most; i++)
        {
            if (Volatile.Read(ref _words[firstPage / 64 + i]) != 0)
                words[(int)i] |= Interlocked.Exchange(ref _words[firstPage / 64 + i], 0);
        }
    }

    public void Dispose()
    {
        NativeMemory.Free(_words);
        _words = null;
    }
}
