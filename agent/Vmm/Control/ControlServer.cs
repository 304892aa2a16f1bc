using System.Text.Json;
using Appliance.Linux.Libc;
using Appliance.Vmm.Events;

namespace Appliance.Vmm.Control;

/// <summary>
/// The control socket: any number of clients, each request answered in its order, events to those that asked for them. Commands run on the loop's
/// thread, the machine's control thread.
/// </summary>
internal sealed class ControlServer : IDisposable
{
    // A machine has its agent, perhaps a person, and a reader of events. More are refused: each costs a descriptor and its buffers.
    private const int MaxConnections = 16;

    private readonly EventLoop _loop;
    private readonly Fd _listener;
    private readonly string _version;
    private readonly ControlCommands _commands;
    private readonly List<ControlConnection> _connections = [];
    private readonly ulong _listenerToken;
    private readonly Lock _announcing = new();
    private readonly Queue<byte[]> _announced = new();
    private readonly EventFd _wake = new();
    private readonly ulong _wakeToken;

    /// <param name="listener">A Unix stream socket that listens; taken over.</param>
    /// <param name="version">The program's own, for the greeting.</param>
    public ControlServer(EventLoop loop, Fd listener, string version, ControlCommands commands)
    {
        (_loop, _listener, _version, _commands) = (loop, listener, version, commands);
        UnixStreams.SetNonBlocking(listener);
        _listenerToken = loop.Add(listener, Epoll.EPOLLIN, _ => OnClients());
        _wakeToken = loop.Add(_wake.Descriptor, Epoll.EPOLLIN, _ => OnAnnounced());
    }

    /// <summary>Tells every subscriber of an event. Any thread but a processor's: it allocates.</summary>
    public void Announce(string name, Action<Utf8JsonWriter>? writeMembers = null)
    {
        byte[] line = ControlLine.Event(name, writeMembers);
        lock (_announcing)
            _announced.Enqueue(line);
        _wake.Signal();
    }

    /// <summary>Sends what was announced, as far as clients take it at once: for the end, when no loop runs any more.</summary>
    public void Flush() => OnAnnounced();

    public void Dispose()
    {
        _loop.Remove(_listenerToken);
        _loop.Remove(_wakeToken);
        while (_connections.Count > 0)
            _connections[^1].Dispose();
        _listener.Dispose();
        _wake.Dispose();
    }

    private void OnClients()
    {
        while (UnixStreams.TryAccept(_listener, out var failure) is var stream && (stream is not null || failure == Errno.ECONNABORTED))
        {
            if (stream is null)
                continue;
            if (_connections.Count >= MaxConnections)
            {
                stream.Dispose();
                continue;
            }

            var connection = new ControlConnection(stream, _loop, Serve, gone => _connections.Remove(gone));
            _connections.Add(connection);
            connection.Send(ControlLine.Hello(_version));
        }
    }

    private void OnAnnounced()
    {
        _wake.Clear();
        while (TakeAnnounced() is { } line)
        {
            // Backwards: one that does not read is cut off, which takes it out of the list.
            for (int i = _connections.Count - 1; i >= 0; i--)
            {
                if (_connections[i].IsSubscribed)
                    _connections[i].Send(line);
            }
        }
    }

    private byte[]? TakeAnnounced()
    {
        lock (_announcing)
            return _announced.TryDequeue(out byte[]? line) ? line : null;
    }

    private void Serve(ControlConnection connection, ControlRequest request)
    {
        ControlError? error = null;
        byte[]? answer = null;
        try
        {
            if (request.Command == "subscribe")
                connection.IsSubscribed = true;
            else
                error = _commands.Run(request, out answer);
        }
        catch (LinuxException failure)
        {
            error = ControlError.Failed(failure.Message);
        }

        request.CloseDescriptors();
        if (request.Promise is { } promise && error is null)
            promise.Connection = connection;
        else
            connection.Send(answer ?? ControlLine.Answer(request.Id, error, null));
    }
}
