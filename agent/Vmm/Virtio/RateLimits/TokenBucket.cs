namespace Appliance.Vmm.Virtio.RateLimits;

/// <summary>A rate and how much may come at once: <see cref="PerSecond"/> on average, <see cref="Burst"/> after a rest.</summary>
/// <param name="PerSecond">At least 1.</param>
/// <param name="Burst">At least 1.</param>
internal readonly record struct Rate(long PerSecond, long Burst)
{
    /// <summary>Most of either number: a tebi of operations or bytes. Products with nanoseconds fit into 128 bits by far.</summary>
    public const long Max = 1L << 40;
}

/// <summary>
/// Tokens that come at a constant rate up to a limit, and go with what is done. Exact: no time is lost to rounding, whatever the pattern of calls.
/// Something larger than the limit may be done with a full bucket, which then owes tokens, so that nothing waits for ever.
/// </summary>
/// <param name="now">Any monotonic clock, in nanoseconds.</param>
internal struct TokenBucket(Rate rate, long now)
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    private long _tokens = rate.Burst;

    // The moment up to which tokens are counted in; and what is left of a token since then, in 1/10^9 of one.
    private long _countedTo = now;
    private long _fraction;

    /// <summary>Takes tokens, allowed or not.</summary>
    public void Take(long amount, long now)
    {
        Fill(now);
        _tokens -= amount;
    }

    /// <summary>Nanoseconds from now until so much is allowed; 0 when it is now.</summary>
    public long WaitFor(long amount, long now)
    {
        Fill(now);
        Int128 missing = (Int128)(Needed(amount) - _tokens) * NanosecondsPerSecond - _fraction;
        return missing <= 0 ? 0 : (long)Int128.Min((missing + rate.PerSecond - 1) / rate.PerSecond, long.MaxValue);
    }

    private readonly long Needed(long amount) => Math.Min(amount, rate.Burst);

    private void Fill(long now)
    {
        // A full bucket gains nothing, so its fraction does not either.
        if (now > _countedTo)
        {
            Int128 gained = (Int128)(now - _countedTo) * rate.PerSecond + _fraction;
            var (tokens, fraction) = Int128.DivRem(gained, NanosecondsPerSecond);
            bool isFull = tokens >= (Int128)rate.Burst - _tokens;
            _tokens = isFull ? rate.Burst : _tokens + (long)tokens;
            _fraction = isFull ? 0 : (long)fraction;
            _countedTo = now;
        }
    }
}
