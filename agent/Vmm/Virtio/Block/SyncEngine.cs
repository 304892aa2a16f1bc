using Appliance.Linux.Libc;

namespace Appliance.Vmm.Virtio.Block;

/// <summary>One operation at a time, on the thread that starts it: for machines where io_uring is switched off (kernel.io_uring_disabled).</summary>
internal sealed unsafe class SyncEngine(Fd disk, int slots) : IDiskEngine
{
    private readonly (int Slot, int Result)[] _done = new (int, int)[slots];
    private int _first;
    private int _count;

    public EventFd Completions { get; } = new();

    public void Start(int slot, in BlockRequest request, in BufferList buffers)
    {
        int result = request.Operation switch
        {
            BlockOperation.Read => VectorIo.TryReadAt(disk, buffers.Vectors, buffers.Count, (long)request.Position),
            BlockOperation.Write => VectorIo.TryWriteAt(disk, buffers.Vectors, buffers.Count, (long)request.Position),
            BlockOperation.Flush => VectorIo.TryFlush(disk),
            _ => VectorIo.TryAllocate(disk, AllocationMode.Of(request), (long)request.Position, (long)request.Length),
        };
        _done[(_first + _count) % _done.Length] = (slot, result);
        _count++;
    }

    public void Submit()
    {
        if (_count > 0)
            Completions.Signal();
    }

    public bool TryComplete(out int slot, out int result)
    {
        (slot, result) = _count > 0 ? _done[_first] : default;
        if (_count == 0)
            return false;
        _first = (_first + 1) % _done.Length;
        _count--;
        return true;
    }

    public void Wait()
    {
    }

    public void Dispose() => Completions.Dispose();
}
