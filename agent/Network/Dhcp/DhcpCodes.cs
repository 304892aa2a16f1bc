namespace Appliance.Agent.Network.Dhcp;

/// <summary>DHCP message types (RFC 2132 §9.6).</summary>
internal enum DhcpMessageType : byte
{
    None = 0,
    Discover = 1,
    Offer = 2,
    Request = 3,
    Decline = 4,
    Ack = 5,
    Nak = 6,
    Release = 7,
    Inform = 8,
}

/// <summary>Option codes with a meaning to this server (IANA, "BOOTP Vendor Extensions and DHCP Options").</summary>
internal static class DhcpOptionCode
{
    public const byte Pad = 0;
    public const byte SubnetMask = 1;
    public const byte Router = 3;
    public const byte DnsServers = 6;
    public const byte HostName = 12;
    public const byte DomainName = 15;
    public const byte Mtu = 26;
    public const byte BroadcastAddress = 28;
    public const byte RequestedAddress = 50;
    public const byte LeaseTime = 51;
    public const byte Overload = 52;
    public const byte MessageType = 53;
    public const byte ServerIdentifier = 54;
    public const byte ParameterRequestList = 55;
    public const byte Message = 56;
    public const byte MaxMessageSize = 57;
    public const byte RenewalTime = 58;
    public const byte RebindingTime = 59;
    public const byte ClientIdentifier = 61;
    public const byte TftpServerName = 66;
    public const byte BootFileName = 67;
    public const byte RelayAgentInformation = 82;
    public const byte ClasslessStaticRoutes = 121;

    /// <summary>Windows' own number for <see cref="ClasslessStaticRoutes"/>, same format.</summary>
    public const byte MicrosoftClasslessStaticRoutes = 249;

    /// <summary>dnsmasq's <c>server-ip-address</c>: not an option on the wire but the <c>siaddr</c> field.</summary>
    public const byte NextServer = 255;

    public const byte End = 255;
}

/// <summary>One option as it goes on the wire, possibly longer than 255 bytes.</summary>
internal sealed record DhcpOption(byte Code, byte[] Value);
