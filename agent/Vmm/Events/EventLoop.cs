using Appliance.Linux.Libc;

namespace Appliance.Vmm.Events;

/// <summary>
/// A thread that waits for descriptors and calls who asked for them. Adding and removing work from any thread; a handler that was removed by
/// another thread may be in its last call still. Handlers allocate nothing and do not block.
/// </summary>
internal sealed class EventLoop : IDisposable
{
    private const int StackBytes = 128 * 1024;

    // Events taken per wait. More saves system calls under load; each costs 12 bytes of stack.
    private const int BatchSize = 32;

    private readonly string _name;
    private readonly Epoll _epoll = new();
    private readonly EventFd _stop = new();
    private readonly Lock _changing = new();
    private Slot[] _slots = new Slot[8];
    private uint _generation;
    private Thread? _thread;
    private volatile bool _mustStop;

    private struct Slot
    {
        public Action<uint>? Handler;
        public Fd? Source;
        public uint Generation;
    }

    public EventLoop(string name)
    {
        _name = name;
        Add(_stop.Descriptor, Epoll.EPOLLIN, static _ => { });
    }

    /// <summary>What ended the loop's thread, other than <see cref="Dispose"/>; null while all is well.</summary>
    public Exception? Failure { get; private set; }

    /// <param name="handler">Called on the loop's thread with the events that are ready, EPOLLIN and so on.</param>
    /// <returns>A token for <see cref="Modify"/> and <see cref="Remove"/>.</returns>
    public ulong Add(Fd source, uint events, Action<uint> handler)
    {
        lock (_changing)
        {
            int index = Array.FindIndex(_slots, static slot => slot.Handler is null);
            if (index < 0)
            {
                index = _slots.Length;
                var slots = new Slot[index * 2];
                _slots.CopyTo(slots, 0);
                _slots = slots;
            }

            uint generation = ++_generation;
            _slots[index] = new Slot { Handler = handler, Source = source, Generation = generation };
            ulong token = ((ulong)generation << 32) | (uint)index;
            try
            {
                _epoll.Add(source, events, token);
            }
            catch (LinuxException)
            {
                _slots[index] = default;
                throw;
            }

            return token;
        }
    }

    /// <summary>Waits for other events of a source; 0 for none but errors.</summary>
    public void Modify(ulong token, uint events)
    {
        lock (_changing)
        {
            if (Find(token) is { Source: { } source })
                _epoll.Modify(source, events, token);
        }
    }

    /// <summary>Forgets a source, before its descriptor is closed.</summary>
    public void Remove(ulong token)
    {
        lock (_changing)
        {
            if (Find(token) is not { Source: { } source })
                return;
            _slots[(int)(uint)token] = default;
            _epoll.Remove(source);
        }
    }

    /// <summary>Runs on a thread of its own until disposed.</summary>
    public void Start()
    {
        _thread = new Thread(Guarded, StackBytes) { Name = _name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>Runs on the calling thread until <see cref="Stop"/>.</summary>
    public void Run()
    {
        while (!_mustStop)
            RunOnce(-1);
    }

    /// <summary>Waits once, and calls the handlers of what is ready; how many events that were.</summary>
    /// <param name="timeoutMilliseconds">0 does not wait, -1 waits for ever.</param>
    public int RunOnce(int timeoutMilliseconds)
    {
        Span<EpollEvent> ready = stackalloc EpollEvent[BatchSize];
        int count = _epoll.Wait(ready, timeoutMilliseconds);
        for (int i = 0; i < count && !_mustStop; i++)
            Handler(ready[i].data)?.Invoke(ready[i].events);
        return count;
    }

    public void Stop()
    {
        _mustStop = true;
        _stop.Signal();
    }

    /// <summary>As <see cref="Stop"/>, and waits until no handler is called any more. Not from a handler.</summary>
    public void Halt()
    {
        Stop();
        if (_thread != Thread.CurrentThread)
            _thread?.Join();
    }

    public void Dispose()
    {
        Halt();
        _epoll.Dispose();
        _stop.Dispose();
    }

    // A failure here is a bug of the VMM, and without this loop the guest's devices are dead: the process says so and ends, the agent notices.
    private void Guarded()
    {
        try
        {
            Run();
        }
        catch (Exception error)
        {
            Failure = error;
            Environment.FailFast($"{_name}: {error}");
        }
    }

    private Action<uint>? Handler(ulong token)
    {
        lock (_changing)
            return Find(token).Handler;
    }

    private Slot Find(ulong token)
    {
        int index = (int)(uint)token;
        return index < _slots.Length && _slots[index].Generation == (uint)(token >> 32) ? _slots[index] : default;
    }
}
