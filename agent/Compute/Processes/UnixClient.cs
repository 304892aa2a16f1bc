using System.Net.Sockets;
using Appliance.Linux.Libc;

namespace Appliance.Agent.Compute.Processes;

/// <summary>Connects to the sockets in a server's folder.</summary>
internal static class UnixClient
{
    /// <summary>Null when nobody listens there: the process behind it has ended.</summary>
    public static async Task<Socket?> TryConnectAsync(string folder, string name, CancellationToken ct)
    {
        if (!Directory.Exists(folder))
            return null;

        using var handle = new UnixSocketFolder(folder);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(handle.PathOf(name)), ct);
            return socket;
        }
        catch (Exception e)
        {
            socket.Dispose();
            if (e is SocketException)
                return null;
            throw;
        }
    }
}
