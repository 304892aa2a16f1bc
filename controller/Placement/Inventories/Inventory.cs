namespace Appliance.Controller.Placement.Inventories;

/// <summary>What a provider has of one resource class.</summary>
/// <param name="Reserved">Kept for the node itself.</param>
/// <param name="Step">Amounts are multiples of this.</param>
/// <param name="Ratio">How often each unit may be given out.</param>
internal sealed record Inventory(string ResourceClass, long Total, long Reserved, long MinUnit, long MaxUnit, long Step, double Ratio)
{
    /// <summary>The largest amount of the API (a database integer).</summary>
    public const long Unlimited = int.MaxValue;

    /// <summary>What may be allocated altogether.</summary>
    public long Capacity => (long)((Total - Reserved) * Ratio);

    /// <summary>Null when <paramref name="amount"/> fits beside what is used; else why not, in numbers.</summary>
    public string? Lacks(long amount, long used)
    {
        if (amount < MinUnit)
            return $"{ResourceClass}: {amount} asked, the smallest amount is {MinUnit}";
        if (amount > MaxUnit)
            return $"{ResourceClass}: {amount} asked, the largest amount for one consumer is {MaxUnit}";
        if (Step > 1 && amount % Step != 0)
            return $"{ResourceClass}: {amount} asked, amounts come in steps of {Step}";
        return used + amount > Capacity
            ? $"{ResourceClass}: {amount} asked, {Math.Max(0, Capacity - used)} free of {Capacity} ({used} in use)"
            : null;
    }
}
