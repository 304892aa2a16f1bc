using System.Diagnostics;

namespace Appliance.SystemTests.Guest;

/// <summary>Awaits a condition with a deadline.</summary>
internal static class Eventually
{
    public static async Task TrueAsync(Func<Task<bool>> condition, TimeSpan deadline, Func<string> what)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < deadline, $"not within {deadline.TotalSeconds:0} s: {what()}");
            await Task.Delay(200, TestContext.Current.CancellationToken);
        }
    }
}
