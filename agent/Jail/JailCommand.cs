using Appliance.Linux.Libc;

namespace Appliance.Agent.Jail;

/// <summary>
/// <c>appliance-agent jail …</c>: the first program of every jailed process. It waits at its gate, gives up its rights and becomes the program
/// it was given, in the same process: id and start time stay the same, so the agent can record them before anything runs.
/// </summary>
internal static class JailCommand
{
    // As shells and env(1) use them: "cannot execute" and "the jail itself failed".
    private const int CannotExecute = 126;
    private const int Failed = 125;

    private static readonly string[] Environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"];

    /// <summary>Whether the arguments of the process are this command's. Ask before anything else is set up.</summary>
    public static bool Matches(ReadOnlySpan<string> arguments) => arguments.Length > 0 && arguments[0] == JailRules.Command;

    /// <summary>Becomes the program; returns an exit code when that failed.</summary>
    public static int Run(ReadOnlySpan<string> arguments)
    {
        try
        {
            var (rules, files, isGated, program) = JailRules.Parse(arguments[1..]);
            if (isGated && !IsOpened(Spawn.NumberOf(files)))
                return Failed;

            rules.Apply();
            Confinement.KeepOnly(Spawn.NumberOf(files));
            var errno = Confinement.Execute(program, Environment);
            Console.Error.WriteLine($"jail: execute {program[0]}: {errno}");
            return CannotExecute;
        }
        catch (Exception e) when (e is LinuxException or ArgumentException or FormatException or IOException)
        {
            Console.Error.WriteLine($"jail: {e.Message}");
            return Failed;
        }
    }

    // The end of the pipe without a byte means that the agent died before it had recorded this process: nobody would know of it.
    private static bool IsOpened(int number)
    {
        using var gate = Fd.Own(number);
        Span<byte> one = stackalloc byte[1];
        return Files.TryRead(gate, one, out var length) && length == 1;
    }
}
