namespace Appliance.Linux.Netlink.Nftables;

/// <summary>What a table contains, as far as deciding what to change needs it: read from the kernel, or known from the last change.</summary>
internal sealed record NftTableState(
    IReadOnlyDictionary<string, NftChainState> Chains, IReadOnlyDictionary<string, NftSetState> Sets)
{
    public static NftTableState Of(NftTable table) => new(
        table.Chains.ToDictionary(chain => chain.Name, chain => chain.State),
        table.Sets.ToDictionary(set => set.Name, set => new NftSetState(set.Key, set.Data, set.Intervals, [.. set.Elements])));
}

/// <param name="Rules">Digests in order; an empty one for a rule of somebody else.</param>
internal sealed record NftChainState(NftHook? Hook, IReadOnlyList<NftBytes> Rules);

internal sealed record NftSetState(NftKey Key, NftSetData Data, bool Intervals, HashSet<NftElement> Elements);
