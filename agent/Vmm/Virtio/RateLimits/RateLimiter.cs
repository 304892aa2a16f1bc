using System.Diagnostics;
using Appliance.Linux.Libc;
using Appliance.Vmm.Events;

namespace Appliance.Vmm.Virtio.RateLimits;

/// <summary>What a device may do per second; null: as much as it can.</summary>
internal readonly record struct RateLimit(Rate? Operations, Rate? Bytes)
{
    public bool IsUnlimited => Operations is null && Bytes is null;
}

/// <summary>
/// Holds one direction of a device to a limit of operations and one of bytes: an operation starts when both allow it. One that may not start yet
/// sets a timer, and the device is called when its time has come; nothing is polled. A guest cannot reset it. Of the device's lock.
/// </summary>
internal sealed class RateLimiter(RateLimit limit) : IDisposable
{
    private readonly TimerFd _timer = new();
    private readonly Bucket? _operations = Bucket.For(limit.Operations);
    private readonly Bucket? _bytes = Bucket.For(limit.Bytes);
    private EventLoop? _loop;
    private ulong _token;

    private sealed class Bucket(Rate rate)
    {
        public TokenBucket Tokens = new(rate, Now);

        public static Bucket? For(Rate? rate) => rate is { } some ? new Bucket(some) : null;
    }

    /// <summary>Null when there is no limit: callers then ask nobody.</summary>
    public static RateLimiter? For(RateLimit limit) => limit.IsUnlimited ? null : new RateLimiter(limit);

    /// <summary>Once.</summary>
    /// <param name="onReady">Called on the loop's thread when what was refused may be tried again.</param>
    public void Attach(EventLoop loop, Action onReady)
    {
        _loop = loop;
        _token = loop.Add(_timer.Descriptor, Epoll.EPOLLIN, _ =>
        {
            _timer.Clear();
            onReady();
        });
    }

    /// <summary>Counts an operation that starts now; false when it may not yet: then the timer is set.</summary>
    public bool TryTake(long bytes)
    {
        long now = Now;
        long wait = Math.Max(_operations?.Tokens.WaitFor(1, now) ?? 0, _bytes?.Tokens.WaitFor(bytes, now) ?? 0);
        if (wait > 0)
        {
            _timer.Set(wait);
            return false;
        }

        _operations?.Tokens.Take(1, now);
        _bytes?.Tokens.Take(bytes, now);
        return true;
    }

    public void Dispose()
    {
        _loop?.Remove(_token);
        _timer.Dispose();
    }

    // On Linux a tick of Stopwatch is a nanosecond of CLOCK_MONOTONIC.
    private static long Now => Stopwatch.GetTimestamp();
}
