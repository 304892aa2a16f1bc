using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary>Network interfaces by name, in the network namespace of the calling thread.</summary>
internal static partial class Interfaces
{
    /// <summary>linux/rtnetlink.h: the multicast group of link changes, as a bit of <see cref="SockAddrNl.nl_groups"/>.</summary>
    private const uint RTMGRP_LINK = 1;

    private const int NETLINK_ROUTE = 0;

    /// <returns>The interface's index; 0 when there is none of this name.</returns>
    public static int IndexOf(string name) => (int)if_nametoindex(name);

    /// <summary>A non-blocking netlink socket that becomes readable whenever an interface comes, goes or changes.</summary>
    public static Fd OpenMonitor()
    {
        var socket = Sockets.Open(Sockets.AF_NETLINK, Sockets.SOCK_RAW | Sockets.SOCK_NONBLOCK, NETLINK_ROUTE);
        try
        {
            var groups = new SockAddrNl { nl_family = Sockets.AF_NETLINK, nl_groups = RTMGRP_LINK };
            Sockets.Bind(socket, groups, "bind link monitor");
            return socket;
        }
        catch (LinuxException)
        {
            socket.Dispose();
            throw;
        }
    }

    [LibraryImport(Files.Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial uint if_nametoindex(string name);
}
