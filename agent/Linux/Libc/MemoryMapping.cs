using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary>Address space of this process, mmap(2). Freed when disposed; whoever hands out addresses inside it keeps it alive.</summary>
internal sealed unsafe partial class MemoryMapping : IDisposable
{
    // asm-generic/mman-common.h, asm-generic/mman.h
    private const int PROT_NONE = 0;
    private const int PROT_READ = 1;
    private const int PROT_WRITE = 2;
    private const int MAP_SHARED = 0x01;
    private const int MAP_PRIVATE = 0x02;
    private const int MAP_FIXED = 0x10;
    private const int MAP_ANONYMOUS = 0x20;
    private const int MAP_NORESERVE = 0x4000;
    private const int MADV_DONTNEED = 4;
    private const int MADV_HUGEPAGE = 14;
    private const int MADV_DONTDUMP = 16;
    private const int MADV_REMOVE = 9;

    private MemoryMapping(void* start, nuint length) => (Start, Length) = ((nint)start, length);

    public nint Start { get; private set; }

    /// <summary>Bytes.</summary>
    public nuint Length { get; }

    /// <summary>A shared mapping of the start of a file, a device or an io_uring, at an offset the kernel gives a meaning to.</summary>
    public static MemoryMapping OfFile(Fd file, long lengthBytes, long offset = 0) =>
        new(Map(null, (nuint)lengthBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.Number, offset), (nuint)lengthBytes);

    /// <summary>The start of a file, for reading; what has not been read yet costs nothing, and mappings of the same file share it.</summary>
    public static MemoryMapping OfFileForReading(Fd file, long lengthBytes) =>
        new(Map(null, (nuint)lengthBytes, PROT_READ, MAP_PRIVATE, file.Number, 0), (nuint)lengthBytes);

    /// <summary>Address space that nothing can touch: any access ends the process. Parts become usable with <see cref="Place"/>.</summary>
    public static MemoryMapping Reserve(nuint lengthBytes) =>
        new(Map(null, lengthBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), lengthBytes);

    /// <summary>Maps part of a file, readable and writable, over part of this reservation.</summary>
    public void Place(nuint at, nuint lengthBytes, Fd file, long offset, bool isShared)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(at, Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lengthBytes, Length - at);
        int flags = MAP_FIXED | MAP_NORESERVE | (isShared ? MAP_SHARED : MAP_PRIVATE);
        // SAFETY: the range is inside this reservation, so MAP_FIXED replaces nothing of anybody else's.
        Map((byte*)Start + at, lengthBytes, PROT_READ | PROT_WRITE, flags, file.Number, offset);
    }

    /// <summary>Keeps a range out of core dumps. Advice: a kernel that cannot follow it changes nothing.</summary>
    public void ExcludeFromDumps(nuint at, nuint lengthBytes) => Advise(at, lengthBytes, MADV_DONTDUMP);

    /// <summary>Prefers 2 MiB pages for a range.</summary>
    public void PreferHugePages(nuint at, nuint lengthBytes) => Advise(at, lengthBytes, MADV_HUGEPAGE);

    /// <summary>Gives the memory of a range back to the machine; it reads as zeros afterwards (in a shared mapping: a hole in the file).</summary>
    public bool Release(nuint at, nuint lengthBytes, bool isShared) => Advise(at, lengthBytes, isShared ? MADV_REMOVE : MADV_DONTNEED);

    public void Dispose()
    {
        if (Start == 0)
            return;
        _ = munmap((void*)Start, Length);
        Start = 0;
    }

    private bool Advise(nuint at, nuint lengthBytes, int advice) =>
        at <= Length && lengthBytes <= Length - at && madvise((byte*)Start + at, lengthBytes, advice) == 0;

    private static void* Map(void* address, nuint lengthBytes, int protection, int flags, int fd, long offset)
    {
        // SAFETY: the kernel chooses the place, except where Place has checked it.
        void* start = mmap(address, lengthBytes, protection, flags, fd, offset);
        return (nint)start == -1 ? throw LinuxException.Last($"mmap {lengthBytes} bytes") : start;
    }

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial void* mmap(void* address, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial int munmap(void* address, nuint length);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial int madvise(void* address, nuint length, int advice);
}
