using Appliance.Linux.Libc;
using Appliance.Vmm.Events;

namespace Appliance.Vmm.Virtio.Vsock;

/// <summary>
/// How connections end, §5.10.6.5: by halves, by reset, or by patience, which a timer counts while anybody's answer is due. Of the device's lock.
/// </summary>
/// <param name="onNews">Called on the loop's thread, with the lock held, when there may be packets for the guest.</param>
internal sealed class VsockEndings(VsockTable table, VsockMetrics metrics, Lock gate, Action onNews) : IDisposable
{
    private const long SweepNanoseconds = 500_000_000;

    private readonly TimerFd _sweep = new();
    private EventLoop? _loop;
    private ulong _sweepToken;
    private bool _isSweeping;

    public void Attach(EventLoop loop)
    {
        _loop = loop;
        _sweepToken = loop.Add(_sweep.Descriptor, Epoll.EPOLLIN, _ => OnSweep());
    }

    /// <summary>Somebody's answer is due: those that never come are noticed.</summary>
    public void StartSweeping()
    {
        if (_isSweeping)
            return;
        _isSweeping = true;
        _sweep.Set(SweepNanoseconds);
    }

    /// <summary>Something is wrong: the guest gets a reset. One that never heard of the connection need not.</summary>
    public void Abort(VsockConnection connection)
    {
        if (connection.State == VsockState.Greeting || (connection.Pending & VsockPending.Request) != 0)
        {
            table.Remove(connection);
            return;
        }

        metrics.Resets++;
        End(connection, VsockPending.Reset);
    }

    /// <summary>The host will not do any more what is named; the guest hears of it.</summary>
    public void EndHost(VsockConnection connection, VsockShutdown wontDo)
    {
        if (connection.HostShutdown == wontDo)
            return;
        connection.HostShutdown = wontDo;
        connection.Pending |= VsockPending.Shutdown;
        if (wontDo == VsockShutdown.Both)
            End(connection, connection.Pending);
    }

    /// <summary>The host's program takes no more; what it wrote before is still the guest's.</summary>
    public void OnDeaf(VsockConnection connection)
    {
        connection.Credit.Forward(connection.Backlog.Count);
        connection.Backlog.Dispose();
        EndHost(connection, connection.HostShutdown | VsockShutdown.Receive);
    }

    /// <summary>When the guest has said its last and the host has it all, the host hears of it; when neither speaks any more, it is over.</summary>
    public void OnFlushed(VsockConnection connection)
    {
        if (connection.State != VsockState.Established || connection.Backlog.Count > 0 || connection.GuestShutdown == VsockShutdown.None)
            return;
        if ((connection.GuestShutdown & VsockShutdown.Send) != 0)
            UnixStreams.EndSending(connection.Stream);
        if (connection.GuestShutdown == VsockShutdown.Both)
            End(connection, VsockPending.Reset);
    }

    public void Dispose()
    {
        _loop?.Remove(_sweepToken);
        _sweep.Dispose();
    }

    private void End(VsockConnection connection, VsockPending lastWords)
    {
        connection.Pending = lastWords;
        if (connection.State == VsockState.Ended)
            return;
        table.Close(connection);
        connection.ExpectAnswer();
        StartSweeping();
    }

    private void OnSweep()
    {
        lock (gate)
        {
            _sweep.Clear();
            _isSweeping = false;
            long now = Environment.TickCount64;
            for (int i = table.Count - 1; i >= 0; i--)
            {
                var connection = table.All[i];
                if (connection.AnswerDue == 0 || (connection.Pending & VsockPending.Reset) != 0)
                    continue;
                if (now >= connection.AnswerDue)
                    Abort(connection);
                table.Enlist(connection);
                StartSweeping();
            }

            onNews();
        }
    }
}
