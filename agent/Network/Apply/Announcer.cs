using System.Net;
using System.Net.Sockets;
using Appliance.Agent.Network.Frames;
using Appliance.Linux.Libc;
using Appliance.Linux.Namespaces;
using Appliance.Linux.Netlink.Route;

namespace Appliance.Agent.Network.Apply;

/// <summary>An address that is now at a MAC.</summary>
internal sealed record Announcement(int LinkIndex, string Mac, IPAddress Address);

/// <summary>
/// Tells neighbours where an address is now, so that they do not go on using what they remember: gratuitous ARP, request and reply, as
/// neighbours differ in which they heed (RFC 5227 §3), and unsolicited neighbour advertisements (RFC 4861 §7.2.6).
/// </summary>
internal static class Announcer
{
    private const ushort ArpRequest = 1;
    private const ushort ArpReply = 2;

    public static void Announce(NetworkNamespace netns, IReadOnlyList<Announcement> announcements)
    {
        if (announcements.Count == 0)
            return;

        using var socket = netns.Run(() => Linux.Libc.Sockets.Open(Linux.Libc.Sockets.AF_PACKET, Linux.Libc.Sockets.SOCK_RAW, 0));
        foreach (var announcement in announcements)
        {
            if (announcement.Address.AddressFamily == AddressFamily.InterNetwork)
            {
                Send(socket, announcement, Arp(announcement, ArpRequest));
                Send(socket, announcement, Arp(announcement, ArpReply));
            }
            else
            {
                Send(socket, announcement, NeighborAdvertisement(announcement));
            }
        }
    }

    // An announcement that cannot be sent is one that nobody needs: the link is down, and whoever is there asks anew when it comes up.
    private static void Send(Fd socket, Announcement announcement, byte[] frame) =>
        Linux.Libc.Sockets.TrySendTo(socket, frame, SockAddrLl.For(announcement.LinkIndex, Linux.Libc.Sockets.ETH_P_ALL), out _);

    private static byte[] Arp(Announcement announcement, ushort operation)
    {
        var mac = MacText.Parse(announcement.Mac);
        var address = announcement.Address.GetAddressBytes();
        byte[] target = operation == ArpRequest ? new byte[6] : mac;
        return
        [
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, .. mac, 0x08, 0x06,
            0, 1, 0x08, 0, 6, 4, 0, (byte)operation, .. mac, .. address, .. target, .. address,
        ];
    }

    private static byte[] NeighborAdvertisement(Announcement announcement)
    {
        const byte RouterAndOverride = 0xa0;
        var mac = MacText.Parse(announcement.Mac);
        var address = announcement.Address.GetAddressBytes();
        byte[] allNodes = [0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        byte[] message = [136, 0, 0, 0, RouterAndOverride, 0, 0, 0, .. address, 2, 1, .. mac];

        // The pseudo-header that the checksum covers besides (RFC 8200 §8.1).
        byte[] pseudo = [.. address, .. allNodes, 0, 0, 0, (byte)message.Length, 0, 0, 0, 58];
        var checksum = new InternetChecksum();
        checksum.Add(pseudo);
        checksum.Add(message);
        (message[2], message[3]) = ((byte)(checksum.Value >> 8), (byte)checksum.Value);
        return
        [
            0x33, 0x33, 0, 0, 0, 1, .. mac, 0x86, 0xdd,
            0x60, 0, 0, 0, 0, (byte)message.Length, 58, 255, .. address, .. allNodes, .. message,
        ];
    }
}
