using System.Diagnostics;

namespace Appliance.Controller.Work;

/// <summary>
/// Named points at which a test can have the process die as by <c>kill -9</c>: <c>APPLIANCE_CRASH_AT=server-create:allocate:after</c>.
/// <c>APPLIANCE_CRASH_LIST={file}</c> appends the name of every point reached, so that a test can enumerate them.
/// </summary>
internal static class CrashPoint
{
    private static readonly string? CrashAt = Environment.GetEnvironmentVariable("APPLIANCE_CRASH_AT");
    private static readonly string? ListFile = Environment.GetEnvironmentVariable("APPLIANCE_CRASH_LIST");
    private static readonly Lock FileLock = new();

    public static void Reach(string point)
    {
        if (CrashAt is null && ListFile is null)
            return;
        if (ListFile is not null)
        {
            lock (FileLock)
                File.AppendAllText(ListFile, point + "\n");
        }

        if (CrashAt == point)
            Process.GetCurrentProcess().Kill();
    }
}
