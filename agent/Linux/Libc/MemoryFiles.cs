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

    /// <summary>As <see cref="Create(string)"/>, of a length; it takes no memory until it is written.</summary>
    public static Fd Create(string name, long lengthBytes)
    {
        var fd = Create(name);
        FileData.SetLength(fd, lengthBytes);
        return fd;
    }

    [LibraryImport(Files.Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial Fd memfd_create(string name, uint flags);
}
