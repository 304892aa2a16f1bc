using System.Security.Cryptography;

namespace Appliance.Agent.Compute.Kvm;

/// <summary>
/// The folder that is the whole file system of every machine's process: the monitor and the C library, read-only. All machines execute these
/// very files, so their pages are there once; a new version of any is another folder.
/// </summary>
internal static class MachineRoot
{
    private const string Program = "appliance-vmm";
    private const string Loader = "ld-linux-x86-64.so.2";
    private const string LoaderFolder = "lib64";

    // Where Debian's and where other loaders look.
    private static readonly string[] LibraryFolders = ["lib/x86_64-linux-gnu", LoaderFolder];
    private static readonly string[] Libraries = ["libc.so.6", "libm.so.6"];

    private const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>What a machine executes.</summary>
    /// <param name="root">Null: no file system of its own.</param>
    public static string ProgramIn(string? root, KvmOptions options) => root is null ? options.VmmPath : "/" + Program;

    /// <summary>The folder, made when it is not there yet.</summary>
    public static string Prepare(KvmOptions options)
    {
        var sources = new Dictionary<string, string> { [Program] = options.VmmPath };
        foreach (var (name, path) in FindMapped([Loader, .. Libraries]))
        {
            foreach (var folder in name == Loader ? [LoaderFolder] : LibraryFolders)
                sources[Path.Combine(folder, name)] = path;
        }

        var root = Path.Combine(options.DataFolder, "machine-root", HashOf(sources));
        if (Directory.Exists(root))
            return root;

        var partial = root + ".partial";
        if (Directory.Exists(partial))
            Directory.Delete(partial, recursive: true);
        foreach (var (name, source) in sources)
            Copy(source, Path.Combine(partial, name));
        Directory.Move(partial, root);
        return root;
    }

    // The agent is a native program like the monitor: the libraries that it runs with are the machine's.
    private static Dictionary<string, string> FindMapped(IReadOnlyList<string> names)
    {
        var found = new Dictionary<string, string>();
        foreach (var line in File.ReadLines("/proc/self/maps"))
        {
            var start = line.IndexOf('/', StringComparison.Ordinal);
            if (start >= 0 && names.Contains(Path.GetFileName(line[start..])))
                found[Path.GetFileName(line[start..])] = line[start..];
        }

        var missing = names.Except(found.Keys).ToList();
        return missing.Count == 0 ? found : throw new IOException($"this process does not use {string.Join(", ", missing)}");
    }

    private static string HashOf(Dictionary<string, string> sources)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, source) in sources.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(name));
            hash.AppendData(File.ReadAllBytes(source));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..32];
    }

    private static void Copy(string source, string target)
    {
        for (var folder = Path.GetDirectoryName(target)!; !Directory.Exists(folder); folder = Path.GetDirectoryName(target)!)
            Directory.CreateDirectory(folder, Executable | UnixFileMode.UserWrite);
        File.Copy(source, target);
        File.SetUnixFileMode(target, Executable);
    }
}
