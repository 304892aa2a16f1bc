using System.Runtime.InteropServices;
using Appliance.Linux.Libc;

namespace Appliance.Linux.Uring;

/// <summary>
/// Asynchronous file operations, io_uring(7): one submission and one completion ring shared with the kernel. Of one thread; allocates nothing
/// once made. Memory that a request names must stay valid until its completion was taken.
/// </summary>
internal sealed unsafe partial class UringQueue : IDisposable
{
    private const long SYS_io_uring_setup = 425;
    private const long SYS_io_uring_enter = 426;
    private const long SYS_io_uring_register = 427;

    private readonly Fd _ring;
    private readonly MemoryMapping _rings;
    private readonly MemoryMapping _requests;
    private readonly uint* _submissionHead, _submissionTail, _submissionArray;
    private readonly uint* _completionHead, _completionTail;
    private readonly io_uring_sqe* _sqes;
    private readonly io_uring_cqe* _cqes;
    private readonly uint _submissionMask, _completionMask, _submissionEntries;
    private uint _tail;

    private UringQueue(Fd ring, in io_uring_params made)
    {
        _ring = ring;
        _submissionEntries = made.sq_entries;
        _submissionMask = made.sq_entries - 1;
        _completionMask = made.cq_entries - 1;
        long submissionBytes = made.sq_off.array + made.sq_entries * sizeof(uint);
        long completionBytes = made.cq_off.cqes + (long)made.cq_entries * sizeof(io_uring_cqe);
        _rings = MemoryMapping.OfFile(ring, Math.Max(submissionBytes, completionBytes), UringConstants.IORING_OFF_SQ_RING);
        _requests = MemoryMapping.OfFile(ring, made.sq_entries * sizeof(io_uring_sqe), UringConstants.IORING_OFF_SQES);
        // SAFETY: the kernel gave these offsets for the mapping just made, which lives as long as this object.
        byte* rings = (byte*)_rings.Start;
        _submissionHead = (uint*)(rings + made.sq_off.head);
        _submissionTail = (uint*)(rings + made.sq_off.tail);
        _submissionArray = (uint*)(rings + made.sq_off.array);
        _completionHead = (uint*)(rings + made.cq_off.head);
        _completionTail = (uint*)(rings + made.cq_off.tail);
        _cqes = (io_uring_cqe*)(rings + made.cq_off.cqes);
        _sqes = (io_uring_sqe*)_requests.Start;
        _tail = *_submissionTail;
    }

    /// <summary>The reason when the machine has none: <c>ENOSYS</c>, <c>EPERM</c> (kernel.io_uring_disabled), <c>ENOMEM</c>.</summary>
    /// <param name="entries">Requests between two submissions: a power of two, at most 4096.</param>
    public static Errno TryCreate(uint entries, out UringQueue? queue)
    {
        queue = null;
        var parameters = default(io_uring_params);
        // SAFETY: the kernel fills in the struct that it was told the place of.
        long fd = syscall(SYS_io_uring_setup, (nint)entries, (nint)(&parameters), 0, 0, 0, 0);
        if (fd < 0)
            return LinuxException.LastErrno;

        var ring = Fd.Own((int)fd);
        const uint needed = UringConstants.IORING_FEAT_SINGLE_MMAP | UringConstants.IORING_FEAT_NODROP;
        if ((parameters.features & needed) != needed)
        {
            ring.Dispose();
            return Errno.ENOSYS;
        }

        queue = new UringQueue(ring, parameters);
        return Errno.None;
    }

    /// <summary>Signals an event at every completion.</summary>
    public void SignalCompletions(EventFd completions)
    {
        int number = completions.Descriptor.Number;
        // SAFETY: a local; the kernel only reads it.
        if (syscall(SYS_io_uring_register, _ring.Number, (nint)UringConstants.IORING_REGISTER_EVENTFD, (nint)(&number), 1, 0, 0) < 0)
            throw LinuxException.Last("io_uring_register");
    }

    /// <summary>Queues a request for the next <see cref="Submit"/>; false when the ring is full.</summary>
    public bool TryQueue(in io_uring_sqe request)
    {
        if (_tail - Volatile.Read(ref *_submissionHead) >= _submissionEntries)
            return false;
        uint index = _tail & _submissionMask;
        _sqes[index] = request;
        _submissionArray[index] = index;
        _tail++;
        Volatile.Write(ref *_submissionTail, _tail);
        return true;
    }

    /// <summary>Hands queued requests to the kernel; does not wait for them. <c>EAGAIN</c>, <c>EBUSY</c>: take completions, then again.</summary>
    public Errno Submit()
    {
        while (true)
        {
            uint count = _tail - Volatile.Read(ref *_submissionHead);
            if (count == 0)
                return Errno.None;
            if (syscall(SYS_io_uring_enter, _ring.Number, (nint)count, 0, 0, 0, 0) < 0 && LinuxException.LastErrno is var errno && errno != Errno.EINTR)
                return errno;
        }
    }

    /// <summary>Waits until a completion is there.</summary>
    public void Wait()
    {
        while (Volatile.Read(ref *_completionTail) == *_completionHead)
        {
            uint count = _tail - Volatile.Read(ref *_submissionHead);
            if (syscall(SYS_io_uring_enter, _ring.Number, (nint)count, 1, (nint)UringConstants.IORING_ENTER_GETEVENTS, 0, 0) < 0
                && LinuxException.LastErrno is var errno && errno != Errno.EINTR)
                throw new LinuxException("io_uring_enter", errno);
        }
    }

    /// <summary>Takes one completion; false when none is there.</summary>
    public bool TryComplete(out io_uring_cqe completion)
    {
        uint head = *_completionHead;
        if (Volatile.Read(ref *_completionTail) == head)
        {
            completion = default;
            return false;
        }

        completion = _cqes[head & _completionMask];
        Volatile.Write(ref *_completionHead, head + 1);
        return true;
    }

    public void Dispose()
    {
        _requests.Dispose();
        _rings.Dispose();
        _ring.Dispose();
    }

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial long syscall(long number, nint a, nint b, nint c, nint d, nint e, nint f);
}
