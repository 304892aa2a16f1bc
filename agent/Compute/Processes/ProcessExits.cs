using System.Collections.Concurrent;
using Appliance.Linux.Libc;

namespace Appliance.Agent.Compute.Processes;

/// <summary>Tells when processes end, children of this one or not, with one thread for all of them.</summary>
internal sealed class ProcessExits : IDisposable
{
    private const int EventsAtOnce = 64;
    private const ulong StopId = 0;

    private readonly Epoll _epoll = new();
    private readonly EventFd _stop = new();
    private readonly Thread _thread;
    private readonly ConcurrentDictionary<ulong, (Fd Process, TaskCompletionSource Ended)> _watched = new();
    private ulong _lastId = StopId;

    public ProcessExits()
    {
        _epoll.Add(_stop.Descriptor, Epoll.EPOLLIN, StopId);
        _thread = new Thread(Run) { Name = "process exits", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Completes when the process has ended; it may still be a zombie.</summary>
    /// <param name="process">A pidfd, which must stay open until the returned task has completed or was cancelled.</param>
    public async Task WhenEndedAsync(Fd process, CancellationToken ct)
    {
        var id = Interlocked.Increment(ref _lastId);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _watched[id] = (process, ended);
        _epoll.Add(process, Epoll.EPOLLIN, id);
        using (ct.Register(() => Forget(id)))
            await ended.Task;
        ct.ThrowIfCancellationRequested();
    }

    public void Dispose()
    {
        _stop.Signal();
        _thread.Join();
        _epoll.Dispose();
        _stop.Dispose();
    }

    private void Run()
    {
        Span<EpollEvent> events = stackalloc EpollEvent[EventsAtOnce];
        while (true)
        {
            var count = _epoll.Wait(events, Timeout.Infinite);
            foreach (var one in events[..count])
            {
                if (one.data == StopId)
                    return;
                Forget(one.data);
            }
        }
    }

    private void Forget(ulong id)
    {
        if (!_watched.TryRemove(id, out var watched))
            return;
        _epoll.Remove(watched.Process);
        watched.Ended.SetResult();
    }
}
