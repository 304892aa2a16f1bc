namespace Appliance.Agent.Network.Plan;

/// <summary>Gives each id a number from 1 to 65535: the one it has, or the lowest free one.</summary>
internal static class Numbering
{
    /// <param name="present">Numbers in use; an id or number that comes twice keeps the first.</param>
    /// <returns>Id → number; ids beyond the 65535th have none.</returns>
    public static IReadOnlyDictionary<string, int> Assign(IEnumerable<LinkAlias> present, IEnumerable<string> wanted)
    {
        var ids = wanted.ToHashSet();
        var numbers = new Dictionary<string, int>();
        var taken = new HashSet<int>();
        foreach (var alias in present)
        {
            // The number of what is going away stays taken in this pass: its rules still stand until the pass is over.
            if (alias.Number is > 0 and <= ushort.MaxValue && !numbers.ContainsKey(alias.Id) && taken.Add(alias.Number) && ids.Contains(alias.Id))
                numbers[alias.Id] = alias.Number;
        }

        int next = 1;
        foreach (string id in ids)
        {
            if (numbers.ContainsKey(id))
                continue;
            while (taken.Contains(next))
                next++;
            if (next > ushort.MaxValue)
                break;
            taken.Add(next);
            numbers[id] = next;
        }

        return numbers;
    }
}
