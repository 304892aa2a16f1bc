namespace Appliance.Linux.Netlink.Nftables;

/// <summary>What <see cref="NftTables.Converge"/> did.</summary>
/// <param name="Changed">False when everything was as wanted.</param>
/// <param name="ChangedChains">Chains whose rules were written anew or removed, by table family.</param>
/// <param name="ShrunkSets">Sets and maps that lost elements.</param>
internal sealed record NftChange(bool Changed, IReadOnlyList<(NftFamily Family, string Chain)> ChangedChains, IReadOnlyList<string> ShrunkSets)
{
    public static NftChange None { get; } = new(false, [], []);
}
