using Appliance.Linux.Libc;

namespace Appliance.Agent.Commands.Parts;

/// <summary>Whether files of a folder can share their blocks, found out by trying.</summary>
internal static class Reflinks
{
    // Mode 0600.
    private const int OwnerOnly = 0x180;

    public static bool AreSupportedIn(string folder)
    {
        var (from, to) = (Path.Combine(folder, ".reflink-a"), Path.Combine(folder, ".reflink-b"));
        try
        {
            File.WriteAllBytes(from, new byte[4096]);
            using var source = Files.Open(from, Files.O_RDONLY);
            using var target = Files.Open(to, Files.O_RDWR | Files.O_CREAT, OwnerOnly);
            return FileClones.TryReflink(source, target);
        }
        finally
        {
            File.Delete(from);
            File.Delete(to);
        }
    }
}
