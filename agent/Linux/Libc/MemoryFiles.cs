using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary>Files without a name, memfd_create(2).</summary>
internal static partial class MemoryFiles
{
    private const uint MFD_CLOEXEC = 1;

    /// <param name="name">For /proc only.</param>
    public static Fd Create(string name)
    {
        var fd = memfd_create(name, MFD_CLOEXEC);
        return fd.IsInvalid ? throw LinuxException.Last("memfd_create") : fd;
    }

    [LibraryImport(Files.Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial Fd memfd_create(string name, uint flags);
}
