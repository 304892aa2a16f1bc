using System.Diagnostics;

namespace Appliance.SystemTests.Harness;

/// <summary>Waiting for what another process brings about: looked at again and again until a deadline.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Answers the first value that is there; fails the test, naming <paramref name="what"/>, when none is within the time.</summary>
    public static async Task<T> FindAsync<T>(string what, TimeSpan timeout, Func<Task<T?>> look, Func<string>? explain = null) where T : class
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            if (await look() is { } found)
                return found;
            Assert.True(watch.Elapsed < timeout, $"{what}: not within {timeout.TotalSeconds} s. {explain?.Invoke()}");
            await Task.Delay(Pause);
        }
    }

    public static Task TrueAsync(string what, TimeSpan timeout, Func<Task<bool>> look, Func<string>? explain = null) =>
        FindAsync(what, timeout, async () => await look() ? "yes" : null, explain);
}
