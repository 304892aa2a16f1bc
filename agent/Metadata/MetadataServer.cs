using System.Net;
using System.Net.Sockets;
using System.Text;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Metadata;

/// <summary>A port of a server, with the network it is on.</summary>
internal sealed record MetadataPort(PortDocument Port, NetworkDocument Network);

/// <summary>A server as its guest may see it.</summary>
/// <param name="Ports">In the order of <see cref="ServerDocument.PortIds"/>.</param>
internal sealed record MetadataServer(ServerDocument Server, IReadOnlyList<MetadataPort> Ports)
{
    /// <summary>Nova's default of <c>[api] dhcp_domain</c>.</summary>
    private const string DefaultDomain = "novalocal";

    public ServerMetadataDocument Metadata => Server.Metadata;

    public string HostName =>
        Metadata.HostName.Contains('.', StringComparison.Ordinal) ? Metadata.HostName : $"{Metadata.HostName}.{DefaultDomain}";

    /// <summary>Null when the server has none.</summary>
    public byte[]? UserData => Decode(Metadata.UserDataBase64);

    public string? FirstIpv4 =>
        Ports.SelectMany(port => port.Port.FixedIps).Select(fixedIp => fixedIp.IpAddress)
            .FirstOrDefault(text => IPAddress.TryParse(text, out var address) && address.AddressFamily == AddressFamily.InterNetwork);

    public string? FloatingIpv4 => Ports.Select(port => port.Port.FloatingIpAddress).FirstOrDefault(address => address is not null);

    /// <summary>
    /// EC2's short form of an id, for example <c>i-4f3c2b1a</c>. Nova numbers its rows for this (<c>i-%08x</c>); the start of the UUID needs no table,
    /// and a guest only compares it with the one of its last boot.
    /// </summary>
    public static string Ec2Id(string prefix, string? id)
    {
        string digits = new([.. (id ?? "").Where(char.IsAsciiHexDigitLower).Take(8)]);
        return $"{prefix}-{digits.PadLeft(8, '0')}";
    }

    /// <returns>Null for null, and for text that is not base64: the controller refuses such, so there is nothing to serve.</returns>
    public static byte[]? Decode(string? base64)
    {
        if (base64 is null)
            return null;

        var bytes = new byte[Encoding.ASCII.GetMaxByteCount(base64.Length)];
        return Convert.TryFromBase64String(base64, bytes, out int length) ? bytes[..length] : null;
    }
}
