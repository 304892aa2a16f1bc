using Appliance.Linux.Libc;

namespace Appliance.Linux.Netlink.Nftables;

/// <summary>
/// Brings tables to their wanted content, each time in one transaction that takes effect as a whole or not at all. The content is read
/// from the kernel only when somebody else changed nf_tables of this namespace since; otherwise it is what the last call left.
/// Works in the namespace of the thread that made it; not for concurrent use.
/// </summary>
internal sealed class NftTables : IDisposable
{
    // Somebody else's transaction came between reading and writing; five in a row mean a host that changes rules in a loop.
    private const int MaxAttempts = 5;
    private const Errno ERESTART = (Errno)85;

    private readonly NetlinkSocket _socket = new(NetlinkConstants.NETLINK_NETFILTER);
    private readonly NftReader _reader;
    private readonly Dictionary<(NftFamily, string), NftTableState> _known = [];
    private uint? _knownGeneration;

    public NftTables() => _reader = new(_socket);

    /// <summary>Makes the tables what they shall be, and removes those of <paramref name="owned"/> that are not wanted.</summary>
    /// <param name="owned">Family and name of every table that is the caller's.</param>
    /// <exception cref="LinuxException">The kernel refused; nothing was changed.</exception>
    public NftChange Converge(IReadOnlyList<NftTable> wanted, IReadOnlyList<(NftFamily Family, string Name)> owned)
    {
        for (int attempt = 1; ; attempt++)
        {
            uint generation = Refresh(owned);
            using var batch = new NetlinkBatch();
            batch.BeginTransaction(generation);
            var changes = new NftDifference(batch);
            foreach (var (family, name) in owned)
                changes.Add(family, name, _known.GetValueOrDefault((family, name)), wanted.FirstOrDefault(t => t.Family == family && t.Name == name));
            if (batch.Count == 1)
                return NftChange.None;

            batch.EndTransaction();
            var failures = _socket.ExecuteAtomic(batch);
            if (failures.Count == 0)
            {
                Remember(wanted, owned, generation);
                return changes.ToChange();
            }

            _knownGeneration = null;
            if (failures.All(failure => failure.Errno != ERESTART) || attempt == MaxAttempts)
                throw failures[0].ToException();
        }
    }

    public void Dispose()
    {
        _reader.Dispose();
        _socket.Dispose();
    }

    private uint Refresh(IReadOnlyList<(NftFamily Family, string Name)> owned)
    {
        uint generation = _reader.Generation();
        if (generation == _knownGeneration)
            return generation;

        _known.Clear();
        foreach (var (family, name) in owned)
        {
            if (_reader.Find(family, name) is { } state)
                _known[(family, name)] = state;
        }

        return generation;
    }

    private void Remember(IReadOnlyList<NftTable> wanted, IReadOnlyList<(NftFamily Family, string Name)> owned, uint generation)
    {
        foreach (var key in owned)
            _known.Remove(key);
        foreach (var table in wanted)
            _known[(table.Family, table.Name)] = NftTableState.Of(table);

        // The kernel counts transactions, skipping zero. If another one came first, the number differs and the next call reads.
        _knownGeneration = generation + 1 == 0 ? 1 : generation + 1;
    }
}
