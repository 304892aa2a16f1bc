using Appliance.Linux.Libc;
using Appliance.Vmm.Events;

namespace Appliance.VmmProgram;

/// <summary>Carries what a person types to a guest's terminal. A pipe at its end, or a guest that does not read, is no reason to end.</summary>
internal sealed class InputRelay : IDisposable
{
    private readonly EventLoop _loop;
    private readonly Fd _input;
    private readonly Receiver _deliver;
    private readonly byte[] _buffer = new byte[64];
    private ulong? _token;

    /// <param name="deliver">Takes what fits and says how much that was.</param>
    public InputRelay(EventLoop loop, Fd input, Receiver deliver)
    {
        (_loop, _input, _deliver) = (loop, input, deliver);
        try
        {
            _token = loop.Add(input, Epoll.EPOLLIN, _ => OnInput());
        }
        catch (LinuxException error) when (error.Errno == Errno.EPERM)
        {
            // A regular file, or /dev/null: epoll takes only what can be waited for.
        }
    }

    public delegate int Receiver(ReadOnlySpan<byte> bytes);

    public void Dispose()
    {
        if (_token is { } token)
            _loop.Remove(token);
    }

    private void OnInput()
    {
        if (!Files.TryRead(_input, _buffer, out int length))
            return;
        if (length == 0)
        {
            Dispose();
            _token = null;
            return;
        }

        // What the guest has no room for is lost, as on a wire without flow control.
        for (int sent = 0; sent < length;)
        {
            int taken = _deliver(_buffer.AsSpan(sent, length - sent));
            if (taken == 0)
                break;
            sent += taken;
        }
    }
}
