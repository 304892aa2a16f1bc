namespace Appliance.Controller.Networking.Addressing;

/// <summary>A set of addresses of one family, made of prefixes: what netaddr's <c>IPSet</c> is to Neutron.</summary>
internal sealed class PrefixSet
{
    // Sorted, and with a gap between each two.
    private readonly List<(UInt128 First, UInt128 Last)> _ranges = [];
    private readonly int _version;

    /// <param name="prefixes">All of one IP version.</param>
    public PrefixSet(int version, IEnumerable<Cidr> prefixes)
    {
        _version = version;
        foreach (var (first, last) in prefixes.Select(static prefix => (prefix.First.Value, prefix.Last.Value)).Order())
        {
            if (_ranges is [.., var previous] && (first <= previous.Last || first - previous.Last == 1))
                _ranges[^1] = (previous.First, UInt128.Max(previous.Last, last));
            else
                _ranges.Add((first, last));
        }
    }

    private int Bits => _version == 4 ? 32 : 128;

    /// <summary>The fewest prefixes that make up the set, in order of their addresses.</summary>
    public IReadOnlyList<Cidr> Prefixes => [.. _ranges.SelectMany(range => Split(range.First, range.Last))];

    public bool Includes(Cidr prefix) => _ranges.Any(range => range.First <= prefix.First.Value && prefix.Last.Value <= range.Last);

    /// <summary>Whether everything in the other is here too.</summary>
    public bool Includes(PrefixSet other) => other.Prefixes.All(Includes);

    public bool Overlaps(PrefixSet other) =>
        _ranges.Any(range => other._ranges.Any(theirs => range.First <= theirs.Last && theirs.First <= range.Last));

    public PrefixSet Without(PrefixSet other)
    {
        var left = new List<Cidr>();
        foreach (var (first, last) in _ranges)
        {
            var (next, isDone) = (first, false);
            foreach (var hole in other._ranges.Where(hole => hole.First <= last && first <= hole.Last))
            {
                if (hole.First > next)
                    left.AddRange(Split(next, hole.First - 1));
                isDone = hole.Last >= last;
                if (!isDone)
                    next = hole.Last + 1;
            }

            if (!isDone)
                left.AddRange(Split(next, last));
        }

        return new(_version, left);
    }

    // Each step takes the largest block that begins at the first address and does not reach beyond the last.
    private IEnumerable<Cidr> Split(UInt128 first, UInt128 last)
    {
        while (true)
        {
            var hostBits = Math.Min((int)UInt128.TrailingZeroCount(first), Bits);
            while (LastOf(first, hostBits) > last)
                hostBits--;
            yield return new Cidr(new Ip(first, _version), Bits - hostBits);
            if (LastOf(first, hostBits) == last)
                yield break;
            first = LastOf(first, hostBits) + 1;
        }
    }

    private static UInt128 LastOf(UInt128 first, int hostBits) =>
        hostBits == 128 ? UInt128.MaxValue : first + ((UInt128.One << hostBits) - 1);
}
