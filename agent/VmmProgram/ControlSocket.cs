using Appliance.Linux.Libc;

namespace Appliance.VmmProgram;

/// <summary>The control socket of the command line: a path to listen at, or the number of an inherited socket that listens.</summary>
internal sealed record ControlSocket(string? Path, int Number)
{
    private const string Inherited = "fd:";

    /// <summary>Null when it is neither.</summary>
    public static ControlSocket? Parse(string value)
    {
        if (!value.StartsWith(Inherited, StringComparison.Ordinal))
            return value.Length > 0 ? new ControlSocket(value, -1) : null;
        return int.TryParse(value[Inherited.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? new ControlSocket(null, number) : null;
    }

    public Fd Listen()
    {
        if (Path is null)
            return Fd.Own(Number);
        string full = System.IO.Path.GetFullPath(Path);
        return UnixSockets.Listen(System.IO.Path.GetDirectoryName(full)!, System.IO.Path.GetFileName(full));
    }
}
