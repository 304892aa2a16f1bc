using System.Net;
using System.Net.Sockets;
using Appliance.Agent.Addresses;
using Appliance.Agent.Logging;
using Appliance.Agent.Metadata.Http;
using Appliance.Linux.Libc;
using Appliance.Linux.Namespaces;

namespace Appliance.Agent.Metadata.Endpoint;

/// <summary>
/// Listens on one network's metadata addresses and serves its guests. Networks may use the same addresses, so the sockets are in a namespace
/// of the network's own.
/// </summary>
internal sealed class MetadataEndpoint : IAsyncDisposable
{
    private const int HttpPort = 80;
    private const int DhcpPort = 67;
    private const int Backlog = 64;

    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(200);

    private readonly MetadataNetwork _network;
    private readonly NetworkNamespace _namespace;
    private readonly GuestDirectory _guests;
    private readonly MetadataAnswers _answers;
    private readonly TimeProvider _clock;
    private readonly Log _log;
    private readonly RequestGate _strangers;
    private readonly List<Socket> _listeners = [];
    private Socket? _renewals;
    private readonly CancellationTokenSource _ending = new();
    private readonly Lock _lock = new();
    private readonly HashSet<Task> _tasks = [];

    /// <param name="within">The network's namespace; owned from now on, whatever <see cref="TryStart"/> does.</param>
    public MetadataEndpoint(
        MetadataNetwork network, NetworkNamespace within, GuestDirectory guests, MetadataAnswers answers, TimeProvider clock, Log log)
    {
        (_network, _namespace, _guests, _answers, _clock, _log) = (network, within, guests, answers, clock, log);
        _strangers = new RequestGate(clock);
    }

    /// <summary>Whether it serves this network in this very namespace, and not in one that was made anew since.</summary>
    public bool Serves(MetadataNetwork network, NetworkNamespace within) => network == _network && within.Identity == _namespace.Identity;

    /// <summary>Opens the sockets and serves.</summary>
    /// <returns>False when the namespace does not have its interface and addresses yet: a pass over the network makes it before those.</returns>
    /// <exception cref="SocketException">An address cannot be listened on.</exception>
    public bool TryStart()
    {
        if (!_namespace.Run(TryListen))
            return false;

        foreach (var listener in _listeners)
            Track(AcceptAsync(listener));
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        foreach (var listener in _listeners)
            listener.Dispose();
        _renewals?.Dispose();

        Task[] tasks;
        lock (_lock)
            tasks = [.. _tasks];
        await Task.WhenAll(tasks);
        _namespace.Dispose();
        _ending.Dispose();
    }

    private bool TryListen()
    {
        int scope = Interfaces.IndexOf(_network.InterfaceName);
        if (scope == 0)
            return false;

        try
        {
            Listen(scope);
            return true;
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressNotAvailable)
        {
            return false;
        }
    }

    private void Listen(int scope)
    {
        // A guest renews its DHCP lease here. Its TAP's responder answers; this end must not say that nobody listens.
        _renewals = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 1 };
        _renewals.Bind(new IPEndPoint(ServiceAddresses.Ipv4, DhcpPort));

        Listen(new IPEndPoint(ServiceAddresses.Ipv4, HttpPort));
        if (Socket.OSSupportsIPv6)
            Listen(new IPEndPoint(new IPAddress(ServiceAddresses.Ipv6.GetAddressBytes(), scope), HttpPort));
    }

    private void Listen(IPEndPoint address)
    {
        var listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _listeners.Add(listener);
        listener.Bind(address);
        SavedSyn.Enable(listener);
        listener.Listen(Backlog);
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (!_ending.IsCancellationRequested)
        {
            try
            {
                Start(await listener.AcceptAsync(_ending.Token));
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException error)
            {
                // The connection was gone before it was accepted, or the agent has no descriptor left for it.
                _log.Warning($"metadata of network {_network.NetworkId}: accept", error);
                await Task.Delay(PauseAfterFailure, _clock, CancellationToken.None);
            }
        }
    }

    private void Start(Socket connection)
    {
        var sender = ReadSender(connection);
        var gate = sender is { } mac && _guests.Find(_network.NetworkId, mac) is { } guest ? guest.Gate : _strangers;
        if (!gate.TryEnter())
        {
            connection.LingerState = new LingerOption(true, 0);
            connection.Dispose();
            return;
        }

        Track(ServeAsync(connection, sender, gate));
    }

    private async Task ServeAsync(Socket connection, MacAddress? sender, RequestGate gate)
    {
        using (connection)
        {
            try
            {
                await new HttpConnection(connection, _answers, FindServer, gate, _clock).ServeAsync(_ending.Token);
            }
            catch (Exception error)
            {
                // One guest's request must not cost the others their service.
                _log.Error($"metadata of network {_network.NetworkId}: a request of {sender} failed; report this as a defect", error);
            }
            finally
            {
                gate.Leave();
            }
        }

        MetadataServer? FindServer() => sender is { } mac ? _guests.Find(_network.NetworkId, mac)?.Server : null;
    }

    private MacAddress? ReadSender(Socket connection)
    {
        try
        {
            return SavedSyn.ReadSender(connection);
        }
        catch (SocketException error)
        {
            _log.Warning($"metadata of network {_network.NetworkId}: the sender of a connection is unknown", error);
            return null;
        }
    }

    private void Track(Task task)
    {
        lock (_lock)
            _tasks.Add(task);
        task.ContinueWith(
            done =>
            {
                lock (_lock)
                    _tasks.Remove(done);
            },
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}
