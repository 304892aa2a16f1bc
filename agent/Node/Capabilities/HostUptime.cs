using System.Buffers.Binary;
using Appliance.Protocol.Link;

namespace Appliance.Agent.Node.Capabilities;

/// <summary>What uptime(1) says of this machine (proc(5), utmp(5)).</summary>
internal static class HostUptime
{
    private const string UtmpPath = "/run/utmp";

    // struct utmp of glibc on x86-64 and arm64; ut_type is its first member.
    private const int UtmpRecordBytes = 384;
    private const short USER_PROCESS = 7;

    public static HostUptimeResult Read() => new(
        Number(File.ReadAllText("/proc/uptime").Split(' ')[0]),
        File.Exists(UtmpPath) ? CountUsers(File.ReadAllBytes(UtmpPath)) : 0,
        [.. File.ReadAllText("/proc/loadavg").Split(' ').Take(3).Select(Number)]);

    public static int CountUsers(ReadOnlySpan<byte> utmp)
    {
        var users = 0;
        for (; utmp.Length >= UtmpRecordBytes; utmp = utmp[UtmpRecordBytes..])
        {
            if (BinaryPrimitives.ReadInt16LittleEndian(utmp) == USER_PROCESS)
                users++;
        }

        return users;
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
