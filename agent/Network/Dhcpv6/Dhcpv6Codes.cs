namespace Appliance.Agent.Network.Dhcpv6;

/// <summary>DHCPv6 message types (RFC 8415 §7.3).</summary>
internal enum Dhcpv6MessageType : byte
{
    None = 0,
    Solicit = 1,
    Advertise = 2,
    Request = 3,
    Confirm = 4,
    Renew = 5,
    Rebind = 6,
    Reply = 7,
    Release = 8,
    Decline = 9,
    InformationRequest = 11,
}

/// <summary>Option codes with a meaning to this server (RFC 8415 §21).</summary>
internal static class Dhcpv6OptionCode
{
    public const ushort ClientIdentifier = 1;
    public const ushort ServerIdentifier = 2;
    public const ushort IaNa = 3;
    public const ushort IaAddress = 5;
    public const ushort OptionRequest = 6;
    public const ushort StatusCode = 13;
    public const ushort RapidCommit = 14;
    public const ushort DnsServers = 23;
    public const ushort DomainList = 24;
}

/// <summary>Status codes (RFC 8415 §21.13).</summary>
internal enum Dhcpv6Status : ushort
{
    Success = 0,
    NoAddrsAvail = 2,
    NotOnLink = 4,
}
