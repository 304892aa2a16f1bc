using System.Net.Sockets;
using Appliance.Agent.Addresses;

namespace Appliance.Agent.Metadata.Endpoint;

/// <summary>
/// Who opened a connection: the kernel keeps the frame that asked for it (linux/tcp.h, TCP_SAVE_SYN), and its sender's MAC address names the
/// port. An IP address would not do: a port with allowed address pairs may use another port's.
/// </summary>
internal static class SavedSyn
{
    private const int IPPROTO_TCP = 6;
    private const int TCP_SAVE_SYN = 27;
    private const int TCP_SAVED_SYN = 28;

    /// <summary>With the link-layer header, since Linux 5.10.</summary>
    private const int WithMacHeader = 2;

    private const int EthernetHeaderLength = 14;

    /// <summary>Link, IP and TCP headers with all options they can have; the kernel gives nothing into a smaller buffer.</summary>
    private const int MaxLength = 256;

    public static void Enable(Socket listener) => listener.SetRawSocketOption(IPPROTO_TCP, TCP_SAVE_SYN, BitConverter.GetBytes(WithMacHeader));

    /// <returns>Null when the kernel has kept none, as under a flood of connections.</returns>
    public static MacAddress? ReadSender(Socket connection)
    {
        Span<byte> frame = stackalloc byte[MaxLength];
        int length = connection.GetRawSocketOption(IPPROTO_TCP, TCP_SAVED_SYN, frame);
        return length >= EthernetHeaderLength ? MacAddress.Read(frame[MacAddress.Length..]) : null;
    }
}
