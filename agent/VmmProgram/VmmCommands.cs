using Appliance.Linux.Libc;
using Appliance.Vmm.Machine;
using Appliance.Vmm.Migration;
using Appliance.Vmm.Snapshots;

namespace Appliance.VmmProgram;

/// <summary>The program's commands and its exit statuses.</summary>
internal static class VmmCommands
{
    public const int Success = 0;

    /// <summary>The machine could not be made or booted, or a processor failed.</summary>
    public const int Failure = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>The guest asked for a reset.</summary>
    public const int GuestReset = 3;

    public static string Version => typeof(VmmCommands).Assembly.GetName().Version?.ToString(3) ?? "";

    public static int Run(string[] arguments)
    {
        switch (arguments)
        {
            case ["--help" or "-h" or "help", ..] or ["run", "--help" or "-h", ..]:
                Terminal.Write(Terminal.Output, HelpText.Text);
                return Success;
            case ["--version"]:
                Terminal.Write(Terminal.Output, $"appliance-vmm {Version}\n");
                return Success;
            case ["run", ..]:
                return Start(arguments.AsSpan(1));
            case ["restore" or "receive", ..]:
                return Start(arguments.AsSpan(1));
            case ["ctl", var socket, var command, ..]:
                return ControlCommandLine.Run(socket, command, arguments.AsSpan(3));
            case ["check", .. { Length: <= 2 } rest] when rest is [] or ["forbidden"] or ["--kvm", _]:
                return Check(rest);
            default:
                Terminal.Say("usage: appliance-vmm run | restore | receive [OPTIONS], ctl SOCKET COMMAND, or check; appliance-vmm --help lists them");
                return Usage;
        }
    }

    private static int Check(string[] arguments)
    {
        try
        {
            return JailCheck.Run(arguments is ["--kvm", var device] ? device : "/dev/kvm", arguments is ["forbidden"]);
        }
        catch (LinuxException error)
        {
            Terminal.Say($"appliance-vmm: {error.Message}");
            return Failure;
        }
    }

    private static int Start(ReadOnlySpan<string> arguments)
    {
        if (RunOptions.Parse(arguments, out var options) is { } mistake)
        {
            Terminal.Say($"appliance-vmm: {mistake}; see appliance-vmm --help");
            return Usage;
        }

        try
        {
            using var run = new MachineRun(options);
            return run.Execute() switch
            {
                MachineEnd.PowerOff or MachineEnd.Stopped or MachineEnd.Migrated => Success,
                MachineEnd.Reset => GuestReset,
                _ => Failure,
            };
        }
        catch (Exception error) when (error is LinuxException or SnapshotException or MigrationException)
        {
            Terminal.Say($"appliance-vmm: {error.Message}");
            return Failure;
        }
    }
}
