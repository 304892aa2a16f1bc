using System.Net;
using System.Net.Sockets;
using Appliance.Agent.Network.Plan;
using Appliance.Agent.Tests.Linux;
using Appliance.Linux.Libc;

namespace Appliance.Agent.Tests.Network.Kernel;

/// <summary>
/// Stands for a virtual machine: a namespace with one interface, whose other end has the name of the port's TAP and is made before the
/// agent would make one.
/// </summary>
internal sealed class TestGuest : IDisposable
{
    private readonly TestNamespace _netns = new();
    private readonly List<Socket> _listeners = [];

    public TestGuest(TestNode node, TestPort port)
    {
        Port = port;
        string tap = NetworkNames.Tap(port.Id);
        Command.Run($"ip -n {node.Namespace.Name} link add {tap} type veth peer name eth0 netns {_netns.Name}");
        _netns.Exec("sysctl -qw net.ipv6.conf.eth0.accept_dad=0 net.ipv6.conf.eth0.accept_ra=0");
        _netns.Exec($"ip link set eth0 mtu 1450 address {port.Mac} up");
        _netns.Exec("ip link set lo up");
        foreach (string address in port.Addresses)
            _netns.Exec($"ip addr add {address} dev eth0 {(address.Contains(':') ? "nodad" : "")}");
    }

    public TestPort Port { get; }

    public string NamespaceName => _netns.Name;

    public IPAddress Address => IPAddress.Parse(Port.Addresses[0].Split('/')[0]);

    public string Exec(string commandLine) => _netns.Exec(commandLine);

    public T Run<T>(Func<T> work) => _netns.Run(work);

    public void Run(Action work) => _netns.Run(work);

    public void SetGateway(string address) => Exec($"ip route replace default via {address}");

    /// <summary>Whether an echo request is answered in time.</summary>
    /// <param name="seconds">How long to try; what is expected to fail is tried for one second.</param>
    public bool Pings(string address, int seconds = 5, string options = "")
    {
        for (int attempt = 0; attempt < seconds; attempt++)
        {
            if (_netns.TryExec($"ping {options} -c 1 -W 1 {address}").Code == 0)
                return true;
        }

        return false;
    }

    /// <summary>Sends a frame as it is, again and again, and says whether the other guest's interface got one in time.</summary>
    public bool SendsFrame(byte[] frame, TestGuest to, int milliseconds = 1000)
    {
        using var receiver = to.Run(OpenPacketSocket);
        using var sender = Run(OpenPacketSocket);
        var link = SockAddrLl.For(int.Parse(Exec("cat /sys/class/net/eth0/ifindex")), 0);
        using var epoll = new Epoll();
        epoll.Add(receiver, Epoll.EPOLLIN, 0);
        var start = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(start).TotalMilliseconds < milliseconds)
        {
            // A bridge's port forwards only a moment after its link came up, so that the first frame may be lost.
            Assert.True(Appliance.Linux.Libc.Sockets.TrySendTo(sender, frame, link, out _));
            epoll.Wait(new EpollEvent[1], 50);
            if (Receives(receiver, frame))
                return true;
        }

        return false;
    }

    // The kernel takes a VLAN tag out of the frame on the way: the last bytes tell.
    private static bool Receives(Fd receiver, byte[] frame)
    {
        var buffer = new byte[2048];
        while (Appliance.Linux.Libc.Sockets.TryReceive(receiver, buffer, 0, out int length, out _))
        {
            if (buffer.AsSpan(0, length).EndsWith(frame.AsSpan(frame.Length - 28)))
                return true;
        }

        return false;
    }

    private static Fd OpenPacketSocket() => Appliance.Linux.Libc.Sockets.Open(
        Appliance.Linux.Libc.Sockets.AF_PACKET,
        Appliance.Linux.Libc.Sockets.SOCK_RAW | Appliance.Linux.Libc.Sockets.SOCK_NONBLOCK,
        System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(Appliance.Linux.Libc.Sockets.ETH_P_ALL));

    /// <summary>Accepts TCP connections and keeps them.</summary>
    public void Listen(int port)
    {
        var socket = Run(() =>
        {
            var listener = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
            listener.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
            listener.Listen();
            return listener;
        });
        _listeners.Add(socket);
    }

    /// <summary>The connection accepted next on the last listening port.</summary>
    public Task<Socket> AcceptAsync() => _listeners[^1].AcceptAsync(TestContext.Current.CancellationToken).AsTask();

    /// <summary>A connection, or null when nobody answers in time.</summary>
    public async Task<Socket?> ConnectAsync(string address, int port, int milliseconds = 4000)
    {
        var socket = Run(() => new Socket(IPAddress.Parse(address).AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timeout.CancelAfter(milliseconds);
        try
        {
            await socket.ConnectAsync(IPAddress.Parse(address), port, timeout.Token);
            return socket;
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            return null;
        }
    }

    /// <summary>Whether a TCP connection comes about.</summary>
    public async Task<bool> ConnectsAsync(string address, int port, int milliseconds = 4000)
    {
        using var socket = await ConnectAsync(address, port, milliseconds);
        return socket is not null;
    }

    public void Dispose()
    {
        foreach (var listener in _listeners)
            listener.Dispose();
        _netns.Dispose();
    }
}
