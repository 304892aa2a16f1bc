using System.Diagnostics;

namespace Appliance.Controller.Tests;

/// <summary>Awaits a condition with a deadline; a test never sleeps for a guessed time.</summary>
internal static class Eventually
{
    /// <summary>When what is awaited counts as never coming; long, for the machine may be busy with others.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    public static Task TrueAsync(Func<bool> condition, string what) => TrueAsync(() => Task.FromResult(condition()), what);

    public static async Task TrueAsync(Func<Task<bool>> condition, string what)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < Deadline, $"not within {Deadline.TotalSeconds:0} s: {what}");
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }
}
