using Appliance.Linux.Libc;

namespace Appliance.Agent.Network.Apply;

/// <summary>
/// Loads what the network needs of the kernel where that comes as modules. Most would be loaded on first use, if the system has modprobe
/// where the kernel looks for it; br_netfilter would not.
/// </summary>
internal static class KernelParts
{
    private static readonly string[] Modules =
    [
        "bridge", "br_netfilter", "veth", "tun", "vxlan", "nf_tables", "nf_conntrack", "nf_conntrack_netlink", "nf_nat", "nft_ct", "nft_nat",
        "nft_chain_nat", "nft_masq", "nft_limit", "nft_reject_inet",
    ];

    /// <summary>Loads what is missing and can be. Parts that are built in, or that this kernel does not know by this name, are left out.</summary>
    /// <returns>Why one could not be loaded, by module.</returns>
    public static IReadOnlyDictionary<string, Errno> Load()
    {
        string folder = $"/lib/modules/{File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}";
        if (!File.Exists($"{folder}/modules.dep"))
            return new Dictionary<string, Errno>();

        var files = ReadDependencies(folder);
        var failures = new Dictionary<string, Errno>();
        foreach (string module in Modules.Where(files.ContainsKey))
        {
            // modules.dep names a module's dependencies in the order of removal: loading goes backwards.
            foreach (string file in files[module].Reverse())
            {
                var errno = KernelModules.TryLoad($"{folder}/{file}");
                if (errno is not (Errno.None or Errno.EEXIST))
                    failures[module] = errno;
            }
        }

        return failures;
    }

    /// <summary>Module name → its file, then those of the modules it needs.</summary>
    private static Dictionary<string, string[]> ReadDependencies(string folder)
    {
        var files = new Dictionary<string, string[]>();
        foreach (string line in File.ReadLines($"{folder}/modules.dep"))
        {
            if (line.Split(':', 2) is not [var file, var needed])
                continue;
            string name = Path.GetFileName(file).Split('.')[0].Replace('-', '_');
            files[name] = [file, .. needed.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        }

        return files;
    }
}
