namespace Appliance.Agent.Network.Apply;

/// <summary>Settings below /proc/sys/net of the calling thread's network namespace.</summary>
internal static class Sysctl
{
    private const string Root = "/proc/sys/net/";

    /// <summary>Whether br_netfilter is there: without it bridged packets are not shown to the inet hooks.</summary>
    public static bool HasBridgeNetfilter => Directory.Exists(Root + "bridge");

    /// <summary>The value, or "" when the kernel has no such setting.</summary>
    public static string Read(string path) => File.Exists(Root + path) ? File.ReadAllText(Root + path).Trim() : "";

    /// <summary>Writes when the value differs; a setting that the kernel does not have (IPv6 switched off) is left out.</summary>
    public static void Set(string path, string value)
    {
        string current = Read(path);
        if (current.Length > 0 && current != value)
            File.WriteAllText(Root + path, value);
    }
}
