using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary><c>struct epoll_event</c>, linux/eventpoll.h: packed on x86-64.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct EpollEvent
{
    public uint events;
    public ulong data;
}

/// <summary>Readiness of many descriptors, epoll(7). Its wait blocks: call it from a dedicated thread.</summary>
internal sealed partial class Epoll : IDisposable
{
    public const uint EPOLLIN = 0x001;
    public const uint EPOLLOUT = 0x004;
    public const uint EPOLLERR = 0x008;
    public const uint EPOLLHUP = 0x010;
    public const uint EPOLLRDHUP = 0x2000;
    public const uint EPOLLET = 1u << 31;

    private const int EPOLL_CLOEXEC = 0x80000;
    private const int EPOLL_CTL_ADD = 1;
    private const int EPOLL_CTL_DEL = 2;
    private const int EPOLL_CTL_MOD = 3;

    private readonly Fd _epoll;

    public Epoll()
    {
        _epoll = epoll_create1(EPOLL_CLOEXEC);
        if (_epoll.IsInvalid)
            throw LinuxException.Last("epoll_create1");
    }

    /// <param name="data">Comes back in <see cref="EpollEvent.data"/>.</param>
    public void Add(Fd fd, uint events, ulong data) => Control(EPOLL_CTL_ADD, fd, events, data);

    public void Modify(Fd fd, uint events, ulong data) => Control(EPOLL_CTL_MOD, fd, events, data);

    public void Remove(Fd fd) => Control(EPOLL_CTL_DEL, fd, 0, 0);

    /// <summary>Blocks until something is ready or the time is over.</summary>
    /// <param name="timeoutMilliseconds">-1 waits for ever.</param>
    /// <returns>How many of <paramref name="events"/> were filled; 0 when the time is over.</returns>
    public unsafe int Wait(Span<EpollEvent> events, int timeoutMilliseconds)
    {
        // SAFETY: pinned for the call; the kernel writes at most events.Length entries.
        fixed (EpollEvent* pointer = events)
        {
            while (true)
            {
                int count = epoll_wait(_epoll, pointer, events.Length, timeoutMilliseconds);
                if (count >= 0)
                    return count;
                if (LinuxException.LastErrno is var errno && errno != Errno.EINTR)
                    throw new LinuxException("epoll_wait", errno);
            }
        }
    }

    public void Dispose() => _epoll.Dispose();

    private unsafe void Control(int operation, Fd fd, uint events, ulong data)
    {
        var wanted = new EpollEvent { events = events, data = data };
        // SAFETY: a local; the kernel only reads.
        if (epoll_ctl(_epoll, operation, fd, &wanted) < 0)
            throw LinuxException.Last("epoll_ctl");
    }

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial Fd epoll_create1(int flags);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static unsafe partial int epoll_ctl(Fd epoll, int operation, Fd fd, EpollEvent* events);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static unsafe partial int epoll_wait(Fd epoll, EpollEvent* events, int count, int timeoutMilliseconds);
}
