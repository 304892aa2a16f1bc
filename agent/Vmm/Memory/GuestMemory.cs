using System.Runtime.CompilerServices;
using Appliance.Linux.Kvm;
using Appliance.Linux.Libc;

namespace Appliance.Vmm.Memory;

/// <summary>
/// The guest's RAM in this process. One reservation mirrors the guest's address space, hole included, between guard areas: an address that
/// passed a wrong check ends this process at once instead of touching anything else. Every access goes through the checks of this class.
/// </summary>
internal sealed unsafe class GuestMemory : IDisposable
{
    private const uint PageBytes = 4096;

    // One huge page, so that the guest's 2 MiB boundaries are the host's too.
    private const nuint GuardBytes = 2 * 1024 * 1024;

    private readonly MemoryMapping _reservation;
    private readonly Fd _file;
    private readonly bool _isShared;
    private readonly byte* _zero;
    private readonly ulong _lowBytes;
    private readonly ulong _highBytes;
    private WriteLog? _writeLog;

    /// <param name="lengthBytes">Multiple of 4096.</param>
    /// <param name="file">A memory file (or hugetlb file) of at least that length, which stays the caller's.</param>
    /// <param name="isShared">False: the file is only where the memory begins. Several machines may begin with the same, and none changes it.</param>
    public GuestMemory(ulong lengthBytes, Fd file, bool isShared = true)
    {
        (_file, _isShared) = (file, isShared);
        ArgumentOutOfRangeException.ThrowIfNotEqual(lengthBytes % PageBytes, 0UL);
        _lowBytes = Math.Min(lengthBytes, MemoryLayout.HoleStart);
        _highBytes = lengthBytes - _lowBytes;
        ulong span = _highBytes == 0 ? _lowBytes : MemoryLayout.HoleEnd + _highBytes;
        _reservation = MemoryMapping.Reserve((nuint)span + 2 * GuardBytes);
        _zero = (byte*)_reservation.Start + GuardBytes;
        Place(0, _lowBytes, file, 0);
        if (_highBytes > 0)
            Place(MemoryLayout.HoleEnd, _highBytes, file, (long)_lowBytes);
    }

    /// <summary>RAM in bytes, without the hole.</summary>
    public ulong LengthBytes => _lowBytes + _highBytes;

    /// <summary>End of the RAM below the hole.</summary>
    public ulong LowEnd => _lowBytes;

    /// <summary>End of the RAM above 4 GiB; 4 GiB when there is none.</summary>
    public ulong HighEnd => MemoryLayout.HoleEnd + _highBytes;

    /// <summary>What devices wrote, while that is recorded: between <see cref="StartWriteLog"/> and <see cref="StopWriteLog"/>.</summary>
    public WriteLog? WriteLog => Volatile.Read(ref _writeLog);

    /// <summary>Begins to record what devices write. While every device is paused: what is in flight would be missed.</summary>
    public WriteLog StartWriteLog()
    {
        var log = new WriteLog(_highBytes > 0 ? HighEnd : _lowBytes);
        Volatile.Write(ref _writeLog, log);
        return log;
    }

    /// <summary>Ends it. While every device is paused: one that works may hold the log still.</summary>
    public void StopWriteLog()
    {
        _writeLog?.Dispose();
        _writeLog = null;
    }

    /// <summary>A device has written a range that <see cref="TryPointer"/> gave.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MarkWritten(void* pointer, ulong lengthBytes) => WriteLog?.Mark((ulong)((byte*)pointer - _zero), lengthBytes);

    /// <summary>Makes the RAM of a machine this memory: slot 0 below the hole, slot 1 above.</summary>
    public void AttachTo(KvmMachine machine, bool logDirtyPages = false)
    {
        machine.SetMemory(0, 0, _lowBytes, (nint)_zero, logDirtyPages);
        if (_highBytes > 0)
            machine.SetMemory(1, MemoryLayout.HoleEnd, _highBytes, (nint)(_zero + MemoryLayout.HoleEnd), logDirtyPages);
    }

    /// <summary>Whether a range is RAM, all of it and on one side of the hole. No sum is made that could wrap.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Contains(ulong address, ulong count)
    {
        if (address <= _lowBytes)
            return count <= _lowBytes - address;
        ulong above = address - MemoryLayout.HoleEnd;
        return address >= MemoryLayout.HoleEnd && above <= _highBytes && count <= _highBytes - above;
    }

    /// <summary>Address in this process of a range of RAM; it stays valid until this object is disposed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryPointer(ulong address, ulong count, out byte* pointer)
    {
        bool inside = Contains(address, count);
        // SAFETY: the reservation mirrors guest addresses from _zero on, and the range is inside its mapped parts.
        pointer = inside ? _zero + address : null;
        return inside;
    }

    /// <summary>A range of RAM. The guest may change it at any moment: copy what decides something.</summary>
    public bool TrySlice(ulong address, uint count, out Span<byte> bytes)
    {
        bytes = default;
        if (count > int.MaxValue || !TryPointer(address, count, out byte* pointer))
            return false;
        bytes = new Span<byte>(pointer, (int)count);
        return true;
    }

    /// <summary>Copies one value out; false when it is not all in RAM.</summary>
    public bool TryRead<T>(ulong address, out T value) where T : unmanaged
    {
        bool inside = TryPointer(address, (ulong)sizeof(T), out byte* pointer);
        value = inside ? Unsafe.ReadUnaligned<T>(pointer) : default;
        return inside;
    }

    public bool TryWrite<T>(ulong address, T value) where T : unmanaged
    {
        if (!TryPointer(address, (ulong)sizeof(T), out byte* pointer))
            return false;
        Unsafe.WriteUnaligned(pointer, value);
        MarkWritten(pointer, (ulong)sizeof(T));
        return true;
    }

    /// <summary>For what the VMM itself lays out before the guest runs; not recorded as written.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The guest has too little RAM for it.</exception>
    public Span<byte> Slice(ulong address, uint count) =>
        TrySlice(address, count, out var bytes) ? bytes : throw new ArgumentOutOfRangeException(nameof(address), $"no RAM at {address:x}, {count} bytes");

    /// <summary>
    /// The first RAM at or after a position of <see cref="MemoryImage"/> that may hold anything but zeros, and how much of it follows, all on one side
    /// of the hole; the RAM's end with 0 bytes when there is none.
    /// </summary>
    /// <param name="position">In bytes, as is the result: a multiple of 4096.</param>
    public ulong NextData(ulong position, out ulong lengthBytes)
    {
        ulong start = position, end = LengthBytes;
        if (_isShared)
        {
            // Only the memory's own file knows what was never touched.
            if (!FileData.TryFindData(_file, (long)position, out long first, out long last) || (ulong)first >= LengthBytes)
                (first, last) = ((long)LengthBytes, (long)LengthBytes);
            (start, end) = (Math.Max(position, (ulong)first & ~(ulong)(PageBytes - 1)), Math.Min(((ulong)last + PageBytes - 1) & ~(ulong)(PageBytes - 1), LengthBytes));
        }

        if (start < _lowBytes)
            end = Math.Min(end, _lowBytes);
        lengthBytes = end - start;
        return start;
    }

    /// <summary>RAM by its position in <see cref="MemoryImage"/>; the range is one that <see cref="NextData"/> gave, or a part of it.</summary>
    public Span<byte> AtFilePosition(ulong position, int lengthBytes) => Slice(AddressOf(position), (uint)lengthBytes);

    /// <summary>Guest address of a position in <see cref="MemoryImage"/>.</summary>
    public ulong AddressOf(ulong position) => position < _lowBytes ? position : MemoryLayout.HoleEnd + (position - _lowBytes);

    /// <summary>Gives whole pages back to the machine; they read as zeros afterwards, or as what they began with. False, and nothing done, when they are not RAM.</summary>
    public bool Release(ulong address, ulong lengthBytes) =>
        TryPointer(address, lengthBytes, out byte* pointer) && Release(pointer, lengthBytes);

    /// <summary>As above, of a range that <see cref="TryPointer"/> gave; parts of pages at its ends stay.</summary>
    public bool Release(void* pointer, ulong lengthBytes)
    {
        nuint at = (nuint)((byte*)pointer - (byte*)_reservation.Start);
        nuint first = (at + (PageBytes - 1)) & ~(nuint)(PageBytes - 1);
        nuint end = (at + (nuint)lengthBytes) & ~(nuint)(PageBytes - 1);
        return end > first && _reservation.Release(first, end - first, _isShared);
    }

    public void Dispose()
    {
        StopWriteLog();
        _reservation.Dispose();
    }

    private void Place(ulong address, ulong lengthBytes, Fd file, long offset)
    {
        nuint at = GuardBytes + (nuint)address;
        _reservation.Place(at, (nuint)lengthBytes, file, offset, _isShared);
        _reservation.ExcludeFromDumps(at, (nuint)lengthBytes);
    }
}
