using Appliance.Linux.Libc;

namespace Appliance.Agent.Storage;

/// <summary>Finds out whether files of a folder can share blocks.</summary>
internal static class ReflinkProbe
{
    /// <summary>Tries it with two small files. XFS and Btrfs can; ext4 and tmpfs cannot.</summary>
    public static bool IsSupported(string folder)
    {
        var (source, target) = (Path.Combine(folder, ".reflink-source"), Path.Combine(folder, ".reflink-target"));
        try
        {
            File.WriteAllBytes(source, new byte[4096]);
            using var from = Files.Open(source, Files.O_RDONLY);
            using var to = Files.Open(target, Files.O_RDWR | Files.O_CREAT);
            return FileClones.TryReflink(from, to);
        }
        finally
        {
            File.Delete(source);
            File.Delete(target);
        }
    }
}
