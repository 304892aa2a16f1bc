using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary>Loads a kernel module, finit_module(2).</summary>
internal static partial class KernelModules
{
    private const long SYS_finit_module = 313;
    private const int MODULE_INIT_COMPRESSED_FILE = 4;

    /// <summary>Loads one module file, without its dependencies. <c>EEXIST</c>: it is loaded already.</summary>
    /// <param name="path">A <c>.ko</c>, or a <c>.ko.xz</c>/<c>.ko.zst</c> that the kernel itself decompresses (Linux 5.17).</param>
    public static Errno TryLoad(string path)
    {
        var opened = Files.TryOpen(path, Files.O_RDONLY, 0, out var file);
        if (opened != Errno.None)
            return opened;

        using (file)
        {
            int flags = path.EndsWith(".ko", StringComparison.Ordinal) ? 0 : MODULE_INIT_COMPRESSED_FILE;
            return syscall(SYS_finit_module, file.Number, "", flags) < 0 ? LinuxException.LastErrno : Errno.None;
        }
    }

    [LibraryImport(Files.Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial long syscall(long number, long file, string parameters, long flags);
}
