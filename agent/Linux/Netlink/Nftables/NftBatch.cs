using System.Buffers.Binary;
using System.Runtime.InteropServices;
using static Appliance.Linux.Netlink.NetlinkConstants;
using static Appliance.Linux.Netlink.Nftables.NftConstants;

namespace Appliance.Linux.Netlink.Nftables;

/// <summary>The messages that change tables, in one transaction between <see cref="Begin"/> and <see cref="End"/>.</summary>
internal static class NftBatch
{
    // A nest holds 65535 bytes; an element takes at most about 120.
    private const int ElementsPerMessage = 400;

    /// <param name="generation">The state the transaction was made for: the kernel refuses it with <c>ERESTART</c> when that has passed.</param>
    public static NetlinkBatch BeginTransaction(this NetlinkBatch batch, uint generation) => batch
        .Begin(NFNL_MSG_BATCH_BEGIN, 0, "begin nf_tables transaction")
        .Struct(new NfGenMsg { res_id = BinaryPrimitives.ReverseEndianness(NFNL_SUBSYS_NFTABLES) })
        .PutU32BigEndian(NFNL_BATCH_GENID, generation);

    public static NetlinkBatch EndTransaction(this NetlinkBatch batch) => batch
        .Begin(NFNL_MSG_BATCH_END, 0, "commit nf_tables transaction")
        .Struct(new NfGenMsg { res_id = BinaryPrimitives.ReverseEndianness(NFNL_SUBSYS_NFTABLES) });

    public static NetlinkBatch AddTable(this NetlinkBatch batch, NftTable table) => batch
        .Message(NFT_MSG_NEWTABLE, NLM_F_CREATE, table.Family, $"create table {table.Name}")
        .PutString(NFTA_TABLE_NAME, table.Name);

    public static NetlinkBatch DeleteTable(this NetlinkBatch batch, NftFamily family, string name) => batch
        .Message(NFT_MSG_DELTABLE, 0, family, $"delete table {name}")
        .PutString(NFTA_TABLE_NAME, name);

    public static NetlinkBatch AddChain(this NetlinkBatch batch, NftTable table, NftChain chain)
    {
        batch.Message(NFT_MSG_NEWCHAIN, NLM_F_CREATE, table.Family, $"create chain {table.Name} {chain.Name}")
            .PutString(NFTA_CHAIN_TABLE, table.Name)
            .PutString(NFTA_CHAIN_NAME, chain.Name);
        if (chain.Hook is not { } hook)
            return batch;

        int nest = batch.BeginNest(NFTA_CHAIN_HOOK);
        batch.PutU32BigEndian(NFTA_HOOK_HOOKNUM, hook.Number).PutU32BigEndian(NFTA_HOOK_PRIORITY, (uint)hook.Priority).EndNest(nest);
        return batch.PutString(NFTA_CHAIN_TYPE, hook.Type).PutU32BigEndian(NFTA_CHAIN_POLICY, NF_ACCEPT);
    }

    public static NetlinkBatch DeleteChain(this NetlinkBatch batch, NftTable table, string chain) => batch
        .Message(NFT_MSG_DELCHAIN, 0, table.Family, $"delete chain {table.Name} {chain}")
        .PutString(NFTA_CHAIN_TABLE, table.Name)
        .PutString(NFTA_CHAIN_NAME, chain);

    public static NetlinkBatch FlushChain(this NetlinkBatch batch, NftTable table, string chain) => batch
        .Message(NFT_MSG_DELRULE, 0, table.Family, $"flush chain {table.Name} {chain}")
        .PutString(NFTA_RULE_TABLE, table.Name)
        .PutString(NFTA_RULE_CHAIN, chain);

    public static NetlinkBatch AddRule(this NetlinkBatch batch, NftTable table, NftChain chain, int number) => batch
        .Message(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, table.Family, $"add rule {number} of chain {table.Name} {chain.Name}")
        .PutString(NFTA_RULE_TABLE, table.Name)
        .PutString(NFTA_RULE_CHAIN, chain.Name)
        .Put(NFTA_RULE_EXPRESSIONS | NLA_F_NESTED, chain.Rules[number].Expressions)
        .Put(NFTA_RULE_USERDATA, chain.Rules[number].UserData());

    /// <param name="number">Distinguishes the sets made in one transaction.</param>
    public static NetlinkBatch AddSet(this NetlinkBatch batch, NftTable table, NftSet set, uint number)
    {
        uint flags = (set.Intervals ? NFT_SET_INTERVAL : 0) | (set.Data == NftSetData.None ? 0 : NFT_SET_MAP);
        batch.Message(NFT_MSG_NEWSET, NLM_F_CREATE, table.Family, $"create set {table.Name} {set.Name}")
            .PutString(NFTA_SET_TABLE, table.Name)
            .PutString(NFTA_SET_NAME, set.Name)
            .PutU32BigEndian(NFTA_SET_FLAGS, flags)
            .PutU32BigEndian(NFTA_SET_KEY_TYPE, (uint)set.Key)
            .PutU32BigEndian(NFTA_SET_KEY_LEN, NftSetLayout.KeyLength(set.Key))
            .PutU32BigEndian(NFTA_SET_ID, number)
            .Put(NFTA_SET_USERDATA, NftSetLayout.UserData(set));
        if (set.Data != NftSetData.None)
            batch.PutU32BigEndian(NFTA_SET_DATA_TYPE, NftSetLayout.DataType(set.Data));
        if (NftSetLayout.DataLength(set.Data) is > 0 and var length)
            batch.PutU32BigEndian(NFTA_SET_DATA_LEN, length);
        return batch;
    }

    public static NetlinkBatch DeleteSet(this NetlinkBatch batch, NftTable table, string set) => batch
        .Message(NFT_MSG_DELSET, 0, table.Family, $"delete set {table.Name} {set}")
        .PutString(NFTA_SET_TABLE, table.Name)
        .PutString(NFTA_SET_NAME, set);

    public static void AddElements(this NetlinkBatch batch, NftTable table, string set, IEnumerable<NftElement> elements) =>
        batch.Elements(NFT_MSG_NEWSETELEM, NLM_F_CREATE, table, set, elements, "add elements to");

    public static void DeleteElements(this NetlinkBatch batch, NftTable table, string set, IEnumerable<NftElement> elements) =>
        batch.Elements(NFT_MSG_DELSETELEM, 0, table, set, elements, "delete elements of");

    public static NetlinkBatch FlushSet(this NetlinkBatch batch, NftTable table, string set) => batch
        .Message(NFT_MSG_DELSETELEM, 0, table.Family, $"flush set {table.Name} {set}")
        .PutString(NFTA_SET_ELEM_LIST_TABLE, table.Name)
        .PutString(NFTA_SET_ELEM_LIST_SET, set);

    internal static NetlinkBatch Message(this NetlinkBatch batch, ushort type, ushort flags, NftFamily family, string operation) => batch
        .Begin((ushort)((NFNL_SUBSYS_NFTABLES << 8) | type), flags, operation)
        .Struct(new NfGenMsg { nfgen_family = (byte)family });

    private static void Elements(
        this NetlinkBatch batch, ushort type, ushort flags, NftTable table, string set, IEnumerable<NftElement> elements, string verb)
    {
        foreach (var chunk in elements.Chunk(ElementsPerMessage))
        {
            batch.Message(type, flags, table.Family, $"{verb} set {table.Name} {set}")
                .PutString(NFTA_SET_ELEM_LIST_TABLE, table.Name)
                .PutString(NFTA_SET_ELEM_LIST_SET, set);
            int list = batch.BeginNest(NFTA_SET_ELEM_LIST_ELEMENTS);
            foreach (var element in chunk)
                batch.Element(element);
            batch.EndNest(list);
        }
    }

    private static void Element(this NetlinkBatch batch, NftElement element)
    {
        int nest = batch.BeginNest(NFTA_LIST_ELEM);
        NftRuleBuilder.PutData(batch, NFTA_SET_ELEM_KEY, element.Key.Span);
        if (element.EndsInterval)
            batch.PutU32BigEndian(NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
        if (!element.Value.Span.IsEmpty)
            NftRuleBuilder.PutData(batch, NFTA_SET_ELEM_DATA, element.Value.Span);
        if (element.JumpTo is { } chain)
        {
            int data = batch.BeginNest(NFTA_SET_ELEM_DATA);
            NftRuleBuilder.PutVerdict(batch, NFT_JUMP, chain);
            batch.EndNest(data);
        }

        batch.EndNest(nest);
    }
}

/// <summary><c>struct nfgenmsg</c>, linux/netfilter/nfnetlink.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NfGenMsg
{
    public byte nfgen_family;
    public byte version;

    /// <summary>Big-endian.</summary>
    public ushort res_id;
}
