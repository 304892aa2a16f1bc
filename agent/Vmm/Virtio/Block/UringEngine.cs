using Appliance.Linux.Libc;
using Appliance.Linux.Uring;

namespace Appliance.Vmm.Virtio.Block;

/// <summary>Asynchronous operations straight between the disk and guest memory.</summary>
internal sealed unsafe class UringEngine : IDiskEngine
{
    private readonly Fd _disk;
    private readonly UringQueue _ring;

    private UringEngine(Fd disk, UringQueue ring)
    {
        (_disk, _ring) = (disk, ring);
        ring.SignalCompletions(Completions);
    }

    public EventFd Completions { get; } = new();

    /// <summary>Null where the machine has no io_uring for us.</summary>
    /// <param name="disk">Stays the caller's.</param>
    public static UringEngine? TryCreate(Fd disk, int slots) =>
        UringQueue.TryCreate((uint)slots, out var ring) == Errno.None ? new UringEngine(disk, ring!) : null;

    public void Start(int slot, in BlockRequest request, in BufferList buffers)
    {
        var sqe = new io_uring_sqe { fd = _disk.Number, off = request.Position, user_data = (ulong)slot };
        switch (request.Operation)
        {
            case BlockOperation.Read or BlockOperation.Write:
                sqe.opcode = request.Operation == BlockOperation.Read ? UringConstants.IORING_OP_READV : UringConstants.IORING_OP_WRITEV;
                sqe.addr = (ulong)buffers.Vectors;
                sqe.len = (uint)buffers.Count;
                break;
            case BlockOperation.Flush:
                sqe.opcode = UringConstants.IORING_OP_FSYNC;
                sqe.op_flags = UringConstants.IORING_FSYNC_DATASYNC;
                sqe.off = 0;
                break;
            default:
                // fallocate: addr is the length, len the mode; io_uring_enter(2).
                sqe.opcode = UringConstants.IORING_OP_FALLOCATE;
                sqe.addr = request.Length;
                sqe.len = AllocationMode.Of(request);
                break;
        }

        // One entry per slot: there is always room after a submission.
        if (!_ring.TryQueue(sqe))
        {
            Submit();
            _ = _ring.TryQueue(sqe);
        }
    }

    public void Submit()
    {
        while (_ring.Submit() is Errno.EAGAIN or Errno.EBUSY)
            _ring.Wait();
    }

    public bool TryComplete(out int slot, out int result)
    {
        bool any = _ring.TryComplete(out var completion);
        (slot, result) = ((int)completion.user_data, completion.res);
        return any;
    }

    public void Wait() => _ring.Wait();

    public void Dispose()
    {
        _ring.Dispose();
        Completions.Dispose();
    }
}
