using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary>A clock that can be waited for with <see cref="Epoll"/>, timerfd_create(2) on CLOCK_MONOTONIC. Non-blocking.</summary>
internal sealed partial class TimerFd : IDisposable
{
    private const int CLOCK_MONOTONIC = 1;
    private const int TFD_CLOEXEC = 0x80000;
    private const int TFD_NONBLOCK = 0x800;
    private const long NanosecondsPerSecond = 1_000_000_000;

    // struct itimerspec of timerfd_settime(2), both parts of it.
    [StructLayout(LayoutKind.Sequential)]
    private struct ITimerSpec
    {
        public long interval_sec;
        public long interval_nsec;
        public long value_sec;
        public long value_nsec;
    }

    public TimerFd()
    {
        Descriptor = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        if (Descriptor.IsInvalid)
            throw LinuxException.Last("timerfd_create");
    }

    public Fd Descriptor { get; }

    /// <summary>Becomes readable once, so many nanoseconds from now; replaces what was set before. 0 switches it off.</summary>
    public unsafe void Set(long nanoseconds)
    {
        var when = new ITimerSpec { value_sec = nanoseconds / NanosecondsPerSecond, value_nsec = nanoseconds % NanosecondsPerSecond };
        // SAFETY: a local; the kernel only reads.
        if (timerfd_settime(Descriptor, 0, &when, null) < 0)
            throw LinuxException.Last("timerfd_settime");
    }

    /// <summary>Makes the descriptor unreadable again; false when its time had not come.</summary>
    public bool Clear()
    {
        ulong expirations = 0;
        return Files.TryRead(Descriptor, MemoryMarshal.AsBytes(new Span<ulong>(ref expirations)), out _);
    }

    public void Dispose() => Descriptor.Dispose();

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial Fd timerfd_create(int clock, int flags);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static unsafe partial int timerfd_settime(Fd timer, int flags, ITimerSpec* wanted, ITimerSpec* before);
}
