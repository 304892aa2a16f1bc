using System.Net;
using Appliance.Linux.Netlink.Nftables;
using Appliance.Linux.Netlink.Route;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Network.Plan;

/// <summary>
/// Remote groups as named sets. Single addresses go into a hashed set, which takes and loses members one by one; prefixes, which are rare
/// (allowed address pairs, address groups), into an interval set of their own that exists only when there are some.
/// </summary>
internal sealed class AddressSets
{
    private readonly Dictionary<string, IReadOnlyList<IpPrefix>> _members = [];

    /// <param name="used">Ids that rules refer to; one without document is empty.</param>
    public AddressSets(IEnumerable<AddressSetDocument> documents, IReadOnlySet<string> used)
    {
        foreach (string id in used)
            _members[id] = [];
        foreach (var document in documents.Where(document => used.Contains(document.Id)))
            _members[document.Id] = [.. document.Addresses.Where(text => IpPrefix.TryParse(text, out _)).Select(text => IpPrefix.Parse(text).Network)];

        Sets = [.. _members.Keys.SelectMany(id => new[] { Build(id, ipv4: true), Build(id, ipv4: false) }.SelectMany(sets => sets))];
    }

    public IReadOnlyList<NftSet> Sets { get; }

    /// <summary>The sets that hold a group's members of one family.</summary>
    public IEnumerable<string> NamesOf(string id, bool ipv4) => Build(id, ipv4).Select(set => set.Name);

    public bool Contains(string id, IPAddress address) =>
        _members.TryGetValue(id, out var members) && members.Any(member => member.Contains(address));

    private IEnumerable<NftSet> Build(string id, bool ipv4)
    {
        var members = _members.GetValueOrDefault(id, []).Where(member => member.IsIpv4 == ipv4).Distinct().ToList();
        var key = ipv4 ? NftKey.Ipv4Address : NftKey.Ipv6Address;
        string family = ipv4 ? "4" : "6";
        yield return new($"group{family}-{id}", key, NftSetData.None, false,
            [.. members.Where(member => member.IsHost).Select(member => NftElement.Of(member.Address.GetAddressBytes()))]);

        var prefixes = members.Where(member => !member.IsHost).ToList();
        if (prefixes.Count > 0)
            yield return new($"range{family}-{id}", key, NftSetData.None, true, AddressRanges.Elements(prefixes));
    }
}
