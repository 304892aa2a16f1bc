using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary>Random bytes of the kernel, getrandom(2).</summary>
internal static unsafe partial class Randomness
{
    public static void Fill(Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            nint filled;
            // SAFETY: pinned for the call; the kernel writes at most bytes.Length bytes.
            fixed (byte* pointer = bytes)
                filled = getrandom(pointer, (nuint)bytes.Length, 0);
            if (filled >= 0)
                bytes = bytes[(int)filled..];
            else if (LinuxException.LastErrno is var errno && errno != Errno.EINTR)
                throw new LinuxException("getrandom", errno);
        }
    }

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial nint getrandom(byte* buffer, nuint length, uint flags);
}
