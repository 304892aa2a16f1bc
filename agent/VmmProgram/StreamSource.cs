using Appliance.Linux.Libc;

namespace Appliance.VmmProgram;

/// <summary>A stream of the command line: <c>unix:PATH</c>, or <c>fd:N</c> for one that was inherited.</summary>
internal sealed record StreamSource(string? Path, int Number)
{
    private const string Unix = "unix:";
    private const string Inherited = "fd:";

    /// <summary>Null when it is neither.</summary>
    public static StreamSource? Parse(string value)
    {
        if (value.StartsWith(Unix, StringComparison.Ordinal) && value.Length > Unix.Length)
            return new StreamSource(value[Unix.Length..], -1);
        return value.StartsWith(Inherited, StringComparison.Ordinal)
            && int.TryParse(value[Inherited.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                ? new StreamSource(null, number)
                : null;
    }

    /// <summary>Waits for one that connects.</summary>
    public Fd Open()
    {
        if (Path is null)
            return Fd.Own(Number);
        string full = System.IO.Path.GetFullPath(Path);
        using var listener = UnixSockets.Listen(System.IO.Path.GetDirectoryName(full)!, System.IO.Path.GetFileName(full));
        while (true)
        {
            var stream = UnixStreams.TryAccept(listener, out var failure);
            if (stream is not null)
                return stream;
            if (failure != Errno.ECONNABORTED)
                throw new LinuxException($"accept at {Path}", failure);
        }
    }

    /// <summary>Connects to who listens.</summary>
    public Fd Connect()
    {
        if (Path is null)
            return Fd.Own(Number);
        string full = System.IO.Path.GetFullPath(Path);
        using var folder = new UnixSocketFolder(System.IO.Path.GetDirectoryName(full)!);
        return UnixStreams.TryConnect(folder.PathOf(System.IO.Path.GetFileName(full)), out var failure) ?? throw new LinuxException($"connect to {Path}", failure);
    }
}
