namespace Appliance.Agent.Network.Apply;

/// <summary>Tells apart agents on one machine by their network namespaces: <see cref="NetworkOptions.Instance"/> when it is not set.</summary>
internal static class NodeInstance
{
    /// <summary>Empty in the namespace of the machine's first process; otherwise the number of the calling thread's.</summary>
    public static string Detect()
    {
        string own = Number("/proc/thread-self/ns/net");
        return own == Number("/proc/1/ns/net") ? "" : own;
    }

    // The link reads like "net:[4026531840]".
    private static string Number(string path) => new FileInfo(path).LinkTarget is ['n', 'e', 't', ':', '[', .. var number, ']'] ? number : "";
}
