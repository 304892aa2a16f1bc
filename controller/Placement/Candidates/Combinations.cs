namespace Appliance.Controller.Placement.Candidates;

/// <summary>Every way to take one item of each list.</summary>
internal static class Combinations
{
    /// <param name="canGoOn">Asked of each beginning; false leaves out all that begin so. Without it a wide tree has more ways than time.</param>
    public static IEnumerable<IReadOnlyList<T>> Of<T>(IReadOnlyList<List<T>> lists, Func<IReadOnlyList<T>, bool> canGoOn)
    {
        var taken = new List<T>(lists.Count);
        var next = new int[lists.Count + 1];
        while (true)
        {
            if (taken.Count == lists.Count)
                yield return [.. taken];
            else if (next[taken.Count] < lists[taken.Count].Count)
            {
                taken.Add(lists[taken.Count][next[taken.Count]++]);
                if (canGoOn(taken))
                {
                    next[taken.Count] = 0;
                    continue;
                }

                taken.RemoveAt(taken.Count - 1);
                continue;
            }

            if (taken.Count == 0)
                yield break;
            taken.RemoveAt(taken.Count - 1);
        }
    }
}
