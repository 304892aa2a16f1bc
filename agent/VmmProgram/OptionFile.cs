using Appliance.Linux.Libc;

namespace Appliance.VmmProgram;

/// <summary>Files of the command line: a path, or <c>fd:N</c> for a descriptor that was inherited.</summary>
internal static class OptionFile
{
    private const string Inherited = "fd:";

    /// <summary>The descriptor that a value names; null when it is a path.</summary>
    public static Fd? FindInherited(string value) =>
        value.StartsWith(Inherited, StringComparison.Ordinal)
            && int.TryParse(value.AsSpan(Inherited.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? Fd.Own(number)
            : null;

    public static Fd Open(string value, int flags, int mode = 0) => FindInherited(value) ?? Files.Open(value, flags, mode);

    /// <summary>A socket that listens.</summary>
    public static Fd Listen(string value)
    {
        if (FindInherited(value) is { } socket)
            return socket;
        string full = Path.GetFullPath(value);
        return UnixSockets.Listen(Path.GetDirectoryName(full)!, Path.GetFileName(full));
    }
}
