namespace Appliance.Vmm.Bus;

/// <summary>
/// What answers at which address: one for ports, one for memory. Looking up takes no lock and allocates nothing; adding and removing replace
/// the table, so devices can come and go while processors run.
/// </summary>
internal sealed class AddressBus
{
    private readonly Lock _changing = new();
    private Claim[] _claims = [];
    private long _unclaimed;

    private sealed record Claim(ulong Start, ulong Last, IBusDevice Device);

    /// <summary>Accesses that no device answered; kernels that probe for hardware make some.</summary>
    public long UnclaimedAccesses => Volatile.Read(ref _unclaimed);

    /// <exception cref="ArgumentException">Part of the range is another device's.</exception>
    public void Add(ulong start, ulong lengthBytes, IBusDevice device)
    {
        ArgumentOutOfRangeException.ThrowIfZero(lengthBytes);
        var claim = new Claim(start, start + (lengthBytes - 1), device);
        lock (_changing)
        {
            foreach (var other in _claims)
            {
                if (claim.Start <= other.Last && other.Start <= claim.Last)
                    throw new ArgumentException($"{start:x} is taken", nameof(start));
            }

            Claim[] claims = [.. _claims, claim];
            Array.Sort(claims, static (a, b) => a.Start.CompareTo(b.Start));
            Volatile.Write(ref _claims, claims);
        }
    }

    public void Remove(ulong start)
    {
        lock (_changing)
            Volatile.Write(ref _claims, Array.FindAll(_claims, claim => claim.Start != start));
    }

    /// <summary>Reads; an address of nobody's, or an access across the end of a device, reads as ones.</summary>
    public void Read(ulong address, Span<byte> data)
    {
        if (Find(address, data.Length) is { } claim)
        {
            claim.Device.Read(address - claim.Start, data);
            return;
        }

        Interlocked.Increment(ref _unclaimed);
        data.Fill(0xFF);
    }

    /// <summary>Writes; without effect at an address of nobody's.</summary>
    public void Write(ulong address, ReadOnlySpan<byte> data)
    {
        if (Find(address, data.Length) is { } claim)
            claim.Device.Write(address - claim.Start, data);
        else
            Interlocked.Increment(ref _unclaimed);
    }

    private Claim? Find(ulong address, int length)
    {
        var claims = Volatile.Read(ref _claims);
        int low = 0, high = claims.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            var claim = claims[middle];
            if (address < claim.Start)
                high = middle - 1;
            else if (address > claim.Last)
                low = middle + 1;
            else
                return (ulong)(length - 1) <= claim.Last - address ? claim : null;
        }

        return null;
    }
}
