using System.Runtime.CompilerServices;
using Appliance.Linux.Libc;
using static Appliance.Linux.Netlink.NetlinkConstants;
using static Appliance.Linux.Netlink.Nftables.NftConstants;

namespace Appliance.Linux.Netlink.Nftables;

/// <summary>Reads tables from the kernel.</summary>
internal sealed class NftReader(NetlinkSocket socket) : IDisposable
{
    private readonly NetlinkBatch _query = new();

    /// <summary>Grows with every transaction of anybody in this namespace.</summary>
    public uint Generation()
    {
        Begin(NFT_MSG_GETGEN, 0, default, "read nf_tables generation");
        return Query("", static (_, payload) =>
        {
            foreach (var attribute in Attributes(payload))
            {
                if (attribute.Type == NFTA_GEN_ID)
                    return new Box<uint>(attribute.U32BigEndian);
            }

            return null;
        })[0].Value;
    }

    public IReadOnlyList<(NftFamily Family, string Name)> ListTables()
    {
        Begin(NFT_MSG_GETTABLE, NLM_F_DUMP, default, "list tables");
        return [.. Query("", static (_, payload) => Attributes(payload) is var attributes && Text(attributes, NFTA_TABLE_NAME) is { } name
            ? new Box<(NftFamily, string)>(((NftFamily)payload[0], name)) : null).Select(box => box.Value)];
    }

    /// <summary>The table's content; null when there is no such table.</summary>
    public NftTableState? Find(NftFamily family, string table)
    {
        if (!ListTables().Contains((family, table)))
            return null;

        Begin(NFT_MSG_GETCHAIN, NLM_F_DUMP, family, $"list chains of {table}");
        var chains = Query(table, (_, payload) => ReadChain(payload, table));
        Begin(NFT_MSG_GETRULE, NLM_F_DUMP, family, $"list rules of {table}").PutString(NFTA_RULE_TABLE, table);
        var rules = Query(table, (_, payload) => ReadRule(payload, table)).ToLookup(rule => rule.Value.Chain, rule => rule.Value.Digest);
        Begin(NFT_MSG_GETSET, NLM_F_DUMP, family, $"list sets of {table}").PutString(NFTA_SET_TABLE, table);
        var sets = Query(table, (_, payload) => ReadSet(payload, table));
        return new(
            chains.ToDictionary(chain => chain.Value.Name, chain => new NftChainState(chain.Value.Hook, [.. rules[chain.Value.Name]])),
            sets.ToDictionary(set => set.Value.Name, set => set.Value.State with { Elements = ReadElements(family, table, set.Value.Name) }));
    }

    public void Dispose() => _query.Dispose();

    private HashSet<NftElement> ReadElements(NftFamily family, string table, string set)
    {
        var elements = new HashSet<NftElement>();
        Begin(NFT_MSG_GETSETELEM, NLM_F_DUMP, family, $"list elements of {table} {set}")
            .PutString(NFTA_SET_ELEM_LIST_TABLE, table).PutString(NFTA_SET_ELEM_LIST_SET, set);
        Query<object>(table, (_, payload) =>
        {
            foreach (var attribute in Attributes(payload))
            {
                if (attribute.Type != NFTA_SET_ELEM_LIST_ELEMENTS)
                    continue;
                foreach (var element in attribute.Nested)
                    elements.Add(ReadElement(element.Nested));
            }

            return null;
        });
        return elements;
    }

    private static NftElement ReadElement(NetlinkAttributes attributes)
    {
        var element = new NftElement(default, false, default, null);
        foreach (var attribute in attributes)
        {
            switch (attribute.Type)
            {
                case NFTA_SET_ELEM_KEY:
                    element = element with { Key = ReadValue(attribute.Nested) };
                    break;
                case NFTA_SET_ELEM_FLAGS:
                    element = element with { EndsInterval = (attribute.U32BigEndian & NFT_SET_ELEM_INTERVAL_END) != 0 };
                    break;
                case NFTA_SET_ELEM_DATA:
                    element = element with { Value = ReadValue(attribute.Nested), JumpTo = ReadVerdictChain(attribute.Nested) };
                    break;
            }
        }

        return element;
    }

    private static NftBytes ReadValue(NetlinkAttributes data)
    {
        foreach (var attribute in data)
        {
            if (attribute.Type == NFTA_DATA_VALUE)
                return new(attribute.Data.ToArray());
        }

        return default;
    }

    private static string? ReadVerdictChain(NetlinkAttributes data)
    {
        foreach (var attribute in data)
        {
            if (attribute.Type == NFTA_DATA_VERDICT)
                return Text(attribute.Nested, NFTA_VERDICT_CHAIN);
        }

        return null;
    }

    private static Box<(string Name, NftHook? Hook)>? ReadChain(ReadOnlySpan<byte> payload, string table)
    {
        if (Text(Attributes(payload), NFTA_CHAIN_TABLE) != table)
            return null;

        uint number = 0;
        int priority = 0;
        string? type = null;
        foreach (var attribute in Attributes(payload))
        {
            if (attribute.Type == NFTA_CHAIN_TYPE)
                type = attribute.Text;
            if (attribute.Type != NFTA_CHAIN_HOOK)
                continue;
            foreach (var part in attribute.Nested)
            {
                if (part.Type == NFTA_HOOK_HOOKNUM)
                    number = part.U32BigEndian;
                if (part.Type == NFTA_HOOK_PRIORITY)
                    priority = (int)part.U32BigEndian;
            }
        }

        return new((Text(Attributes(payload), NFTA_CHAIN_NAME)!, type is null ? null : new(type, number, priority)));
    }

    private static Box<(string Chain, NftBytes Digest)>? ReadRule(ReadOnlySpan<byte> payload, string table)
    {
        if (Text(Attributes(payload), NFTA_RULE_TABLE) != table)
            return null;

        NftBytes digest = default;
        foreach (var attribute in Attributes(payload))
        {
            if (attribute.Type == NFTA_RULE_USERDATA)
                digest = NftRule.ReadDigest(attribute.Data);
        }

        return new((Text(Attributes(payload), NFTA_RULE_CHAIN)!, digest));
    }

    private static Box<(string Name, NftSetState State)>? ReadSet(ReadOnlySpan<byte> payload, string table)
    {
        if (Text(Attributes(payload), NFTA_SET_TABLE) != table)
            return null;

        var state = new NftSetState(default, NftSetData.None, false, []);
        foreach (var attribute in Attributes(payload))
        {
            state = attribute.Type switch
            {
                NFTA_SET_KEY_TYPE => state with { Key = (NftKey)attribute.U32BigEndian },
                NFTA_SET_DATA_TYPE => state with { Data = NftSetLayout.DataOf(attribute.U32BigEndian) },
                NFTA_SET_FLAGS => state with { Intervals = (attribute.U32BigEndian & NFT_SET_INTERVAL) != 0 },
                _ => state,
            };
        }

        return new((Text(Attributes(payload), NFTA_SET_NAME)!, state));
    }

    private static string? Text(NetlinkAttributes attributes, ushort type)
    {
        foreach (var attribute in attributes)
        {
            if (attribute.Type == type)
                return attribute.Text;
        }

        return null;
    }

    private static NetlinkAttributes Attributes(ReadOnlySpan<byte> payload) => new(payload[Unsafe.SizeOf<NfGenMsg>()..]);

    private NetlinkBatch Begin(ushort type, ushort flags, NftFamily family, string operation)
    {
        _query.Clear();
        return _query.Message(type, flags, family, operation);
    }

    private List<T> Query<T>(string table, Func<ushort, ReadOnlySpan<byte>, T?> read) where T : class
    {
        var results = new List<T>();
        return socket.Query(_query, results, read) switch
        {
            null => results,
            // The table vanished between two reads.
            { Errno: Errno.ENOENT } when table.Length > 0 => results,
            var failure => throw failure.ToException(),
        };
    }

    private sealed record Box<T>(T Value);
}
