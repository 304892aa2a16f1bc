namespace Appliance.Agent.Tests.Linux;

/// <summary>Names for kernel objects of one test that no other test, run or product uses.</summary>
internal static class TestNames
{
    private static int _next;

    /// <summary>At most 14 characters, for interfaces as well.</summary>
    public static string New() => $"t{Environment.ProcessId:x}{Interlocked.Increment(ref _next):x}";
}
