using Appliance.Linux.Netlink.Nftables;

namespace Appliance.Agent.Network.Plan;

/// <summary>
/// Chains of earlier plans, by what they were made from: with hundreds of ports, writing rules that are the same again is most of a pass.
/// Documents are compared by identity, so a caller that keeps unchanged documents gains, and one that does not loses nothing else.
/// </summary>
internal sealed class ChainCache
{
    private Dictionary<(NftFamily, string), (object Inputs, NftChain Chain)> _last = [];
    private Dictionary<(NftFamily, string), (object Inputs, NftChain Chain)> _current = [];

    /// <summary>What was not asked for since the last call is forgotten.</summary>
    public void BeginPlan() => (_last, _current) = (_current, []);

    /// <param name="inputs">Everything the rules depend on, compared by Equals; documents in it as <see cref="Identity"/>.</param>
    public NftChain Get<T>(NftFamily family, string name, T inputs, Func<List<NftRule>> makeRules) where T : notnull
    {
        var entry = _last.TryGetValue((family, name), out var old) && old.Inputs.Equals(inputs)
            ? old
            : (Inputs: inputs, Chain: new(name, null, makeRules()));
        _current[(family, name)] = entry;
        return entry.Chain;
    }

    /// <summary>Equal only for the same object.</summary>
    internal readonly struct Identity(object document) : IEquatable<Identity>
    {
        private readonly object _document = document;

        public bool Equals(Identity other) => ReferenceEquals(_document, other._document);

        public override bool Equals(object? obj) => obj is Identity other && Equals(other);

        public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(_document);
    }
}
