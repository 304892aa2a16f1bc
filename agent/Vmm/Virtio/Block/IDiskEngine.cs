using Appliance.Linux.Libc;

namespace Appliance.Vmm.Virtio.Block;

/// <summary>
/// Does disk operations: with io_uring, or where a machine forbids that by plain calls. Of one thread at a time. Results are bytes, 0, or a
/// negative errno, as the kernel gives them; fewer bytes than asked for are normal.
/// </summary>
internal interface IDiskEngine : IDisposable
{
    /// <summary>Signalled when a completion can be taken.</summary>
    EventFd Completions { get; }

    /// <summary>Starts an operation, which the next <see cref="Submit"/> hands on; its buffers stay valid until it completes.</summary>
    /// <param name="slot">Comes back with the completion; at most one operation per slot at a time.</param>
    void Start(int slot, in BlockRequest request, in BufferList buffers);

    void Submit();

    bool TryComplete(out int slot, out int result);

    /// <summary>Waits until a completion can be taken; only while operations are in flight.</summary>
    void Wait();
}
