namespace Appliance.Linux.Netlink.Nftables;

/// <summary>Address families of tables, linux/netfilter.h.</summary>
internal enum NftFamily : byte
{
    Inet = 1,
    Ipv4 = 2,
    Bridge = 7,
    Ipv6 = 10,
}

/// <summary>What a whole table shall contain.</summary>
internal sealed record NftTable(NftFamily Family, string Name, IReadOnlyList<NftChain> Chains, IReadOnlyList<NftSet> Sets);

/// <param name="hook">Where packets enter; null for a chain that others jump to.</param>
internal sealed class NftChain(string name, NftHook? hook, IReadOnlyList<NftRule> rules)
{
    public string Name => name;
    public NftHook? Hook => hook;
    public IReadOnlyList<NftRule> Rules => rules;

    /// <summary>What the table contains once the chain is in it: always the same object.</summary>
    public NftChainState State => field ??= new(hook, [.. rules.Select(rule => rule.Digest)]);
}

/// <summary>A base chain's place; packets that no rule decides are accepted.</summary>
/// <param name="Type"><c>filter</c> or <c>nat</c>.</param>
/// <param name="Number"><see cref="NftHooks"/>.</param>
/// <param name="Priority">Lower runs earlier.</param>
internal sealed record NftHook(string Type, uint Number, int Priority);

/// <summary>Hook numbers: NF_INET_… of linux/netfilter.h, which NF_BR_… of linux/netfilter_bridge.h repeat.</summary>
internal static class NftHooks
{
    public const uint Prerouting = 0;
    public const uint Input = 1;
    public const uint Forward = 2;
    public const uint Output = 3;
    public const uint Postrouting = 4;
}

/// <summary>A set, or a map when <paramref name="Data"/> is not <see cref="NftSetData.None"/>.</summary>
/// <param name="Intervals">Elements come in pairs: a start, and the first value after it marked as an end (<see cref="NftElement.EndsInterval"/>).</param>
internal sealed record NftSet(string Name, NftKey Key, NftSetData Data, bool Intervals, IReadOnlyCollection<NftElement> Elements);

/// <summary>Key types by the numbers that <c>nft</c> knows them by, so that its listings are readable (nftables, datatype.h).</summary>
internal enum NftKey : uint
{
    Ipv4Address = 7,
    Ipv6Address = 8,
    Mark = 19,
    InterfaceName = 41,
}

internal enum NftSetData
{
    None,
    Verdict,
    Ipv4Address,
    ConntrackZone,
}

/// <param name="Value">The map's value; empty for a set or verdict map.</param>
/// <param name="JumpTo">The chain a verdict map jumps to; null otherwise.</param>
internal sealed record NftElement(NftBytes Key, bool EndsInterval, NftBytes Value, string? JumpTo)
{
    public static NftElement Of(byte[] key) => new(new(key), false, default, null);

    public static NftElement End(byte[] key) => new(new(key), true, default, null);

    public static NftElement Map(byte[] key, byte[] value) => new(new(key), false, new(value), null);

    public static NftElement Jump(byte[] key, string chain) => new(new(key), false, default, chain);
}
