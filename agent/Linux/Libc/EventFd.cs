using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary>A wake-up that can be waited for with <see cref="Epoll"/>, eventfd(2). Non-blocking.</summary>
internal sealed partial class EventFd : IDisposable
{
    private const int EFD_CLOEXEC = 0x80000;
    private const int EFD_NONBLOCK = 0x800;

    public EventFd()
    {
        Descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (Descriptor.IsInvalid)
            throw LinuxException.Last("eventfd");
    }

    public Fd Descriptor { get; }

    /// <summary>Makes the descriptor readable. A counter that is full is a wake-up already, so no result.</summary>
    public void Signal()
    {
        ulong one = 1;
        Files.TryWrite(Descriptor, MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in one)), out _);
    }

    /// <summary>Makes the descriptor unreadable again; false when nobody had signalled.</summary>
    public bool Clear()
    {
        ulong count = 0;
        return Files.TryRead(Descriptor, MemoryMarshal.AsBytes(new Span<ulong>(ref count)), out _);
    }

    public void Dispose() => Descriptor.Dispose();

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial Fd eventfd(uint initial, int flags);
}
