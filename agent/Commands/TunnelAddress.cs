using System.Net;
using System.Net.Sockets;
using Appliance.Agent.Link;

namespace Appliance.Agent.Commands;

/// <summary>Which of the machine's addresses other nodes reach it by, when the operator does not say.</summary>
internal static class TunnelAddress
{
    /// <summary>The address the controller is reached from; loopback while there is no route or name to it.</summary>
    public static string Guess(ControllerAddress controller)
    {
        try
        {
            // Connecting a datagram socket sends nothing: it only asks the routing table for the source address.
            using var socket = new Socket(SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(controller.Host, controller.Port);
            var address = ((IPEndPoint)socket.LocalEndPoint!).Address;
            return (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
        }
        catch (SocketException)
        {
            return IPAddress.Loopback.ToString();
        }
    }
}
