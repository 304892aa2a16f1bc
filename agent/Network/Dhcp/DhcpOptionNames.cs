using System.Collections.Frozen;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Network.Dhcp;

/// <summary>
/// The names <c>extra_dhcp_opts</c> may use: dnsmasq's (<c>dnsmasq --help dhcp</c>, <c>--help dhcp6</c>), because that is what Neutron hands
/// them to, with the format of each value.
/// </summary>
internal static class DhcpOptionNames
{
    private static readonly FrozenDictionary<string, Entry> Ipv4 = Table(
    [
        new(1, "netmask", ValueFormat.Addresses), new(2, "time-offset", ValueFormat.Number32), new(3, "router", ValueFormat.Addresses),
        new(6, "dns-server", ValueFormat.Addresses), new(7, "log-server", ValueFormat.Addresses), new(9, "lpr-server", ValueFormat.Addresses),
        new(12, "hostname", ValueFormat.Text), new(13, "boot-file-size", ValueFormat.Number16), new(15, "domain-name", ValueFormat.Text),
        new(16, "swap-server", ValueFormat.Addresses), new(17, "root-path", ValueFormat.Text), new(18, "extension-path", ValueFormat.Text),
        new(19, "ip-forward-enable", ValueFormat.Number8), new(20, "non-local-source-routing", ValueFormat.Number8),
        new(21, "policy-filter", ValueFormat.Addresses), new(22, "max-datagram-reassembly", ValueFormat.Number16),
        new(23, "default-ttl", ValueFormat.Number8), new(26, "mtu", ValueFormat.Number16), new(27, "all-subnets-local", ValueFormat.Number8),
        new(31, "router-discovery", ValueFormat.Number8), new(32, "router-solicitation", ValueFormat.Addresses),
        new(33, "static-route", ValueFormat.Addresses), new(34, "trailer-encapsulation", ValueFormat.Number8),
        new(35, "arp-timeout", ValueFormat.Number32), new(36, "ethernet-encap", ValueFormat.Number8), new(37, "tcp-ttl", ValueFormat.Number8),
        new(38, "tcp-keepalive", ValueFormat.Number32), new(40, "nis-domain", ValueFormat.Text), new(41, "nis-server", ValueFormat.Addresses),
        new(42, "ntp-server", ValueFormat.Addresses), new(44, "netbios-ns", ValueFormat.Addresses), new(45, "netbios-dd", ValueFormat.Addresses),
        new(46, "netbios-nodetype", ValueFormat.Number8), new(47, "netbios-scope", ValueFormat.Text),
        new(48, "x-windows-fs", ValueFormat.Addresses), new(49, "x-windows-dm", ValueFormat.Addresses),
        new(60, "vendor-class", ValueFormat.Text), new(64, "nis+-domain", ValueFormat.Text), new(65, "nis+-server", ValueFormat.Addresses),
        new(66, "tftp-server", ValueFormat.Text), new(67, "bootfile-name", ValueFormat.Text), new(68, "mobile-ip-home", ValueFormat.Addresses),
        new(69, "smtp-server", ValueFormat.Addresses), new(70, "pop3-server", ValueFormat.Addresses),
        new(71, "nntp-server", ValueFormat.Addresses), new(74, "irc-server", ValueFormat.Addresses), new(77, "user-class", ValueFormat.Text),
        new(93, "client-arch", ValueFormat.Number16), new(97, "client-machine-id", ValueFormat.Guess),
        new(100, "posix-timezone", ValueFormat.Text), new(101, "tzdb-timezone", ValueFormat.Text), new(108, "ipv6-only", ValueFormat.Number32),
        new(114, "captive-portal", ValueFormat.Text), new(119, "domain-search", ValueFormat.DomainNames),
        new(120, "sip-server", ValueFormat.Guess), new(121, "classless-static-route", ValueFormat.Routes),
        new(249, "ms-classless-static-route", ValueFormat.Routes), new(125, "vendor-id-encap", ValueFormat.Guess),
        new(150, "tftp-server-address", ValueFormat.Addresses), new(255, "server-ip-address", ValueFormat.Addresses),
    ]);

    private static readonly FrozenDictionary<string, Entry> Ipv6 = Table(
    [
        new(21, "sip-server-domain", ValueFormat.DomainNames), new(22, "sip-server", ValueFormat.Addresses),
        new(23, "dns-server", ValueFormat.Addresses), new(24, "domain-search", ValueFormat.DomainNames),
        new(27, "nis-server", ValueFormat.Addresses), new(28, "nis+-server", ValueFormat.Addresses),
        new(29, "nis-domain", ValueFormat.DomainNames), new(30, "nis+-domain", ValueFormat.DomainNames),
        new(31, "sntp-server", ValueFormat.Addresses), new(32, "information-refresh-time", ValueFormat.Number32),
        new(56, "ntp-server", ValueFormat.Ntp6), new(59, "bootfile-url", ValueFormat.Text), new(60, "bootfile-param", ValueFormat.BootParameters),
    ]);

    /// <summary>
    /// Encodes the IPv4 options. Names nobody knows and values that do not fit are left out: Neutron's API takes any text, and dnsmasq would
    /// refuse the whole network for one of them.
    /// </summary>
    public static IEnumerable<DhcpOption> Encode(IReadOnlyList<DhcpOptionDocument> options) =>
        from option in options
        where option.IpVersion == 4
        let entry = Find(Ipv4, option.Name, byte.MaxValue)
        where entry is not null
        let value = DhcpOptionValue.TryEncode(entry.Format, option.Value, isIpv6: false)
        where value is not null
        select new DhcpOption((byte)entry.Code, value);

    /// <summary>As <see cref="Encode"/>, for DHCPv6.</summary>
    public static IEnumerable<(ushort Code, byte[] Value)> EncodeIpv6(IReadOnlyList<DhcpOptionDocument> options) =>
        from option in options
        where option.IpVersion == 6
        let entry = Find(Ipv6, option.Name, ushort.MaxValue)
        where entry is not null
        let value = DhcpOptionValue.TryEncode(entry.Format, option.Value, isIpv6: true)
        where value is not null
        select ((ushort)entry.Code, value);

    private static Entry? Find(FrozenDictionary<string, Entry> table, string name, int maxCode)
    {
        string key = name.StartsWith("option:", StringComparison.Ordinal) ? name["option:".Length..]
            : name.StartsWith("option6:", StringComparison.Ordinal) ? name["option6:".Length..]
            : name;
        if (table.TryGetValue(key, out var known))
            return known;
        return int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out int code) && code > 0 && code < maxCode
            ? new Entry(code, key, ValueFormat.Guess)
            : null;
    }

    /// <summary>Each entry under its name and its number.</summary>
    private static FrozenDictionary<string, Entry> Table(Entry[] entries) =>
        entries.SelectMany(entry => new[]
            {
                KeyValuePair.Create(entry.Name, entry), KeyValuePair.Create(entry.Code.ToString(CultureInfo.InvariantCulture), entry),
            })
            .ToFrozenDictionary();

    private sealed record Entry(int Code, string Name, ValueFormat Format);
}
