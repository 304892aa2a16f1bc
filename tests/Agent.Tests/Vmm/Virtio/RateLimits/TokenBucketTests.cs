using System.Numerics;
using Appliance.Vmm.Virtio.RateLimits;
using CsCheck;

namespace Appliance.Agent.Tests.Vmm.Virtio.RateLimits;

public sealed class TokenBucketTests
{
    private const long Second = 1_000_000_000;

    [Fact]
    public void A_burst_passes_at_once_and_the_rest_at_the_rate()
    {
        var bucket = new TokenBucket(new Rate(10, 3), 0);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(0, bucket.WaitFor(1, 0));
            bucket.Take(1, 0);
        }

        Assert.Equal(Second / 10, bucket.WaitFor(1, 0));
        Assert.Equal(1, bucket.WaitFor(1, Second / 10 - 1));
        Assert.Equal(0, bucket.WaitFor(1, Second / 10));
    }

    [Fact]
    public void What_is_larger_than_a_burst_needs_a_full_bucket_and_is_paid_for_afterwards()
    {
        var bucket = new TokenBucket(new Rate(1000, 100), 0);
        Assert.Equal(0, bucket.WaitFor(5000, 0));
        bucket.Take(5000, 0);
        Assert.Equal(5 * Second, bucket.WaitFor(5000, 0));
        Assert.Equal(4901 * (Second / 1000), bucket.WaitFor(1, 0));
    }

    [Fact]
    public void A_long_rest_is_one_burst()
    {
        var bucket = new TokenBucket(new Rate(Rate.Max, Rate.Max), 0);
        bucket.Take(Rate.Max, 0);
        Assert.Equal(0, bucket.WaitFor(Rate.Max, long.MaxValue));
        bucket.Take(Rate.Max, long.MaxValue);
        Assert.Equal(1, bucket.WaitFor(1, long.MaxValue));
    }

    /// <summary>The model counts in exact fractions of a token; any sequence of steps gives the same waits.</summary>
    [Fact]
    public void It_agrees_with_exact_arithmetic() =>
        Gen.Select(
            Gen.OneOf(Gen.Long[1, 20], Gen.Long[1, Rate.Max]),
            Gen.OneOf(Gen.Long[1, 20], Gen.Long[1, Rate.Max]),
            Gen.Select(Gen.OneOf(Gen.Long[0, 100], Gen.Long[0, Second], Gen.Long[0, 1000 * Second]), Gen.OneOf(Gen.Long[0, 50], Gen.Long[0, 1L << 32])).Array[1, 50])
        .Sample((perSecond, burst, steps) =>
        {
            var bucket = new TokenBucket(new Rate(perSecond, burst), 7);
            BigInteger level = (BigInteger)burst * Second;
            long now = 7;
            foreach (var (pause, amount) in steps)
            {
                now += pause;
                level = BigInteger.Min((BigInteger)burst * Second, level + (BigInteger)pause * perSecond);
                BigInteger missing = (BigInteger)Math.Min(amount, burst) * Second - level;
                BigInteger wait = missing <= 0 ? 0 : (missing + perSecond - 1) / perSecond;
                if (bucket.WaitFor(amount, now) != wait)
                    return false;
                if (wait > 0)
                    continue;
                bucket.Take(amount, now);
                level -= (BigInteger)amount * Second;
            }

            return true;
        }, iter: 20_000);

    [Fact]
    public void Asking_costs_no_allocation()
    {
        using var limiter = RateLimiter.For(new RateLimit(new Rate(1, 1000), new Rate(1, 1000)))!;
        Assert.True(limiter.TryTake(1));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 2000; i++)
            limiter.TryTake(1);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void No_limit_needs_no_limiter() => Assert.Null(RateLimiter.For(default));
}
