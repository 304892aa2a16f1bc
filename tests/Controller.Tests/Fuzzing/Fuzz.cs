using CsCheck;

namespace Appliance.Controller.Tests.Fuzzing;

/// <summary>
/// Runs a check over generated input. In the suite: over the same inputs every time, so that nobody's change fails by chance. With
/// <c>APPLIANCE_FUZZ_SECONDS</c> set (<c>scripts/test fuzz=MINUTES</c>): over new ones for that long, and what fails is made small.
/// </summary>
internal static class Fuzz
{
    private static readonly int Seconds =
        int.TryParse(Environment.GetEnvironmentVariable("APPLIANCE_FUZZ_SECONDS"), CultureInfo.InvariantCulture, out var seconds) ? seconds : 0;

    /// <summary>Whether this is the long run.</summary>
    public static bool IsLong => Seconds > 0;

    /// <param name="seed">Of the inputs in the suite.</param>
    /// <param name="count">How many those are.</param>
    public static async Task RunAsync<T>(Gen<T> input, ulong seed, int count, Func<T, Task> check)
    {
        if (!IsLong)
        {
            var random = new PCG(1, seed);
            for (var i = 0; i < count; i++)
                await check(input.Generate(random, null, out _));
            return;
        }

        long done = 0;
        await input.SampleAsync(async value =>
        {
            await check(value);
            done++;
        }, time: Seconds, threads: 1);
        Console.WriteLine($"{TestContext.Current.Test?.TestDisplayName}: {done} inputs in {Seconds} s");
    }
}
