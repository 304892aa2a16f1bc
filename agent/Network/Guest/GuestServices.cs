using Appliance.Agent.Logging;
using Appliance.Linux.Libc;

namespace Appliance.Agent.Network.Guest;

/// <summary>
/// DHCPv4, DHCPv6 and router advertisements for all ports of the node, on one thread. Each port is answered over its own TAP from its own
/// documents: nothing is looked up by what a guest claims to be, no address on the bridge is needed, and the controller may be down.
/// </summary>
/// <remarks>Interfaces are those of the network namespace that made the object.</remarks>
internal sealed class GuestServices : IDisposable
{
    private const ulong WakeKey = 0;
    private const ulong MonitorKey = 1;
    private const ulong FirstPortKey = 2;

    /// <summary>An Ethernet header and the largest network MTU (jumbo frames). Longer requests are cut, and then refused by their own lengths.</summary>
    private const int MaxFrameLength = 14 + 9216;

    private readonly Epoll _epoll = new();
    private readonly EventFd _wake = new();
    private readonly Fd _linkMonitor = Interfaces.OpenMonitor();
    private readonly Log _log;
    private readonly Thread _thread;

    // The thread's own.
    private readonly Dictionary<ulong, PortResponder> _responders = [];
    private readonly Dictionary<string, ulong> _keys = [];
    private ulong _nextKey = FirstPortKey;

    private IReadOnlyList<PortService>? _update;
    private volatile bool _isEnding;

    public GuestServices(Log log)
    {
        _log = log;
        _epoll.Add(_wake.Descriptor, Epoll.EPOLLIN, WakeKey);
        _epoll.Add(_linkMonitor, Epoll.EPOLLIN, MonitorKey);
        _thread = new Thread(Run, 256 << 10) { Name = "guest-services", IsBackground = true };
        _thread.Start();
    }

    /// <summary>
    /// Says which ports are to be served from now on: all of them each time. Returns at once. A TAP that does not exist is served as soon as it
    /// appears, also when it comes back after it vanished.
    /// </summary>
    public void Update(IReadOnlyList<PortService> ports)
    {
        Volatile.Write(ref _update, ports);
        _wake.Signal();
    }

    public void Dispose()
    {
        _isEnding = true;
        _wake.Signal();
        _thread.Join();
        foreach (var responder in _responders.Values)
            responder.Dispose();
        _linkMonitor.Dispose();
        _wake.Dispose();
        _epoll.Dispose();
    }

    private void Run()
    {
        try
        {
            Serve();
        }
        catch (Exception error)
        {
            // A node whose guests get no addresses must not look healthy: the agent starts again and serves them.
            Environment.FailFast("The thread that serves the guests' DHCP failed.", error);
        }
    }

    private void Serve()
    {
        var events = new EpollEvent[64];
        var request = new byte[MaxFrameLength];
        var reply = new byte[MaxFrameLength];
        while (!_isEnding)
        {
            long now = Environment.TickCount64;
            int count = _epoll.Wait(events, AdvertiseDue(now));
            now = Environment.TickCount64;
            foreach (var ready in events.AsSpan(0, count))
                Handle(ready.data, new FrameBuffers(request, reply), now);
        }
    }

    private void Handle(ulong key, FrameBuffers buffers, long now)
    {
        switch (key)
        {
            case WakeKey:
                _wake.Clear();
                if (Interlocked.Exchange(ref _update, null) is { } ports)
                    Apply(ports, now);
                break;
            case MonitorKey:
                // What changed does not matter: missing TAPs are looked for by name.
                while (Sockets.TryReceive(_linkMonitor, buffers.Request, Sockets.MSG_DONTWAIT, out _, out var failure) || failure == Errno.ENOBUFS)
                    continue;
                OpenMissing();
                break;
            default:
                // A port removed by an earlier event of the same round is no longer known.
                if (_responders.TryGetValue(key, out var responder))
                    Serve(key, responder, buffers, now);
                break;
        }
    }

    private void Serve(ulong key, PortResponder responder, FrameBuffers buffers, long now)
    {
        try
        {
            if (responder.Serve(buffers, now))
                return;

            responder.Close();
            Open(key, responder);
        }
        catch (Exception error)
        {
            // One guest's bytes must not cost the other guests their answers.
            _log.Error($"{responder.TapName}: a request could not be answered; report this as a defect", error);
        }
    }

    private void Apply(IReadOnlyList<PortService> ports, long now)
    {
        var wanted = new Dictionary<string, PortService>(ports.Count);
        foreach (var port in ports)
            wanted[port.TapName] = port;

        foreach (var (tapName, key) in _keys.Where(pair => !wanted.ContainsKey(pair.Key)).ToList())
        {
            _keys.Remove(tapName);
            _responders.Remove(key, out var removed);
            removed!.Dispose();
        }

        foreach (var (tapName, port) in wanted)
        {
            if (_keys.TryGetValue(tapName, out ulong key))
            {
                _responders[key].Change(PortAnswers.For(port));
                continue;
            }

            _keys[tapName] = key = _nextKey++;
            Open(key, _responders[key] = new PortResponder(tapName, PortAnswers.For(port), now));
        }

        OpenMissing();
    }

    private void OpenMissing()
    {
        foreach (var (key, responder) in _responders)
        {
            if (responder.Socket is null)
                Open(key, responder);
        }
    }

    private void Open(ulong key, PortResponder responder)
    {
        if (responder.Socket is not null || !responder.TryOpen())
            return;

        _epoll.Add(responder.Socket!, Epoll.EPOLLIN, key);
        _log.Debug($"serving {responder.TapName}");
    }

    /// <summary>Sends the advertisements that are due.</summary>
    /// <returns>Milliseconds until the next; -1: none.</returns>
    private int AdvertiseDue(long now)
    {
        long next = long.MaxValue;
        foreach (var responder in _responders.Values)
        {
            if (responder.AdvertisementDueAt <= now)
                responder.Advertise(now);
            next = Math.Min(next, responder.AdvertisementDueAt);
        }

        return next == long.MaxValue ? -1 : (int)Math.Clamp(next - now, 0, int.MaxValue);
    }
}
