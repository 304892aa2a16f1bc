namespace Appliance.Linux.Netlink.Nftables;

/// <summary>
/// Writes the messages that turn what tables contain into what they shall contain. Order within a table: new chains and sets, then what
/// refers to them; old references, then what they referred to. A chain is written anew as a whole when one of its rules differs.
/// </summary>
internal sealed class NftDifference(NetlinkBatch batch)
{
    private readonly List<(NftFamily, string)> _changedChains = [];
    private readonly List<string> _shrunkSets = [];
    private uint _setNumber;

    public NftChange ToChange() => new(true, _changedChains, _shrunkSets);

    public void Add(NftFamily family, string name, NftTableState? current, NftTable? wanted)
    {
        if (wanted is null)
        {
            if (current is not null)
                Remove(family, name, current);
            return;
        }

        if (current is not null && !CanBeChanged(current, wanted))
        {
            Remove(family, name, current);
            current = null;
        }

        if (current is null)
            batch.AddTable(wanted);
        Change(wanted, current ?? new NftTableState(new Dictionary<string, NftChainState>(), new Dictionary<string, NftSetState>()));
    }

    /// <summary>Hooks and set types cannot be changed: such a table is made anew, in the same transaction.</summary>
    private static bool CanBeChanged(NftTableState current, NftTable wanted) =>
        wanted.Chains.All(chain => !current.Chains.TryGetValue(chain.Name, out var old) || old.Hook == chain.Hook)
        && wanted.Sets.All(set => !current.Sets.TryGetValue(set.Name, out var old)
            || (old.Key == set.Key && old.Data == set.Data && old.Intervals == set.Intervals));

    private void Remove(NftFamily family, string name, NftTableState current)
    {
        batch.DeleteTable(family, name);
        _changedChains.AddRange(current.Chains.Keys.Select(chain => (family, chain)));
        _shrunkSets.AddRange(current.Sets.Keys);
    }

    private void Change(NftTable wanted, NftTableState current)
    {
        var chainNames = wanted.Chains.Select(chain => chain.Name).ToHashSet();
        var setNames = wanted.Sets.Select(set => set.Name).ToHashSet();
        var changed = wanted.Chains.Where(chain => !HasRules(current, chain)).ToList();
        var goneChains = current.Chains.Keys.Where(name => !chainNames.Contains(name)).ToList();
        var goneSets = current.Sets.Keys.Where(name => !setNames.Contains(name)).ToList();

        foreach (var chain in wanted.Chains.Where(chain => !current.Chains.ContainsKey(chain.Name)))
            batch.AddChain(wanted, chain);
        foreach (var set in wanted.Sets.Where(set => !current.Sets.ContainsKey(set.Name)))
            batch.AddSet(wanted, set, ++_setNumber);
        foreach (var chain in changed.Where(chain => current.Chains.TryGetValue(chain.Name, out var old) && old.Rules.Count > 0))
            batch.FlushChain(wanted, chain.Name);
        foreach (string chain in goneChains)
            batch.FlushChain(wanted, chain);
        foreach (var set in wanted.Sets)
            ChangeElements(wanted, set, current.Sets.GetValueOrDefault(set.Name));
        foreach (var chain in changed)
        {
            for (int number = 0; number < chain.Rules.Count; number++)
                batch.AddRule(wanted, chain, number);
        }

        foreach (string set in goneSets)
            batch.DeleteSet(wanted, set);
        foreach (string chain in goneChains)
            batch.DeleteChain(wanted, chain);

        _changedChains.AddRange(changed.Select(chain => (wanted.Family, chain.Name)));
        _changedChains.AddRange(goneChains.Select(chain => (wanted.Family, chain)));
        _shrunkSets.AddRange(goneSets);
    }

    private static bool HasRules(NftTableState current, NftChain chain) =>
        current.Chains.TryGetValue(chain.Name, out var old)
        && (ReferenceEquals(old, chain.State) || old.Rules.SequenceEqual(chain.State.Rules));

    private void ChangeElements(NftTable table, NftSet wanted, NftSetState? current)
    {
        var have = current?.Elements ?? [];
        if (have.SetEquals(wanted.Elements))
            return;

        var gone = have.Except(wanted.Elements).ToList();
        if (gone.Count > 0)
            _shrunkSets.Add(wanted.Name);

        // Halves of intervals make sense only together, so an interval set is filled anew.
        if (wanted.Intervals && have.Count > 0)
            batch.FlushSet(table, wanted.Name);
        else
            batch.DeleteElements(table, wanted.Name, gone);
        batch.AddElements(table, wanted.Name, wanted.Intervals ? wanted.Elements : wanted.Elements.Where(element => !have.Contains(element)));
    }
}
