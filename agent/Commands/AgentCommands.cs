using Appliance.Agent.Link;
using Appliance.Linux.Libc;

namespace Appliance.Agent.Commands;

/// <summary>The sub-commands of <c>appliance-agent</c>. Exit codes: 0 done, 1 failed, 2 wrong arguments.</summary>
internal static class AgentCommands
{
    private const string Usage = $"""
        usage: appliance-agent run --controller URL --data DIR [options]
               appliance-agent halt --data DIR
               appliance-agent destroy --data DIR

        run      makes this machine a node of a cloud and keeps it one; guests run on when it stops
        {AgentOptions.Help}

        halt     powers the node's guests off and takes its networks down; run brings them back

        destroy  ends the node's guests and removes everything the agent made on this machine, its data folder included
          --data DIR                 the folder given to run (likewise for halt)
        """;

    public static async Task<int> RunAsync(string[] arguments)
    {
        switch (arguments.FirstOrDefault())
        {
            case "run":
                return await ParseAsync(arguments[1..], RunCommand.RunAsync);
            case "halt":
                return await ParseAsync(arguments[1..], HaltCommand.RunAsync);
            case "destroy":
                return await ParseAsync(arguments[1..], DestroyCommand.RunAsync);
            case "--help" or "-h" or "help":
                Console.WriteLine(Usage);
                return 0;
            default:
                await Console.Error.WriteLineAsync(Usage);
                return 2;
        }
    }

    private static async Task<int> ParseAsync(string[] arguments, Func<AgentOptions, Task<int>> command)
    {
        if (arguments.Contains("--help"))
        {
            Console.WriteLine(Usage);
            return 0;
        }

        if (!AgentOptions.TryParse(arguments, out var options, out var error))
        {
            await Console.Error.WriteLineAsync($"appliance-agent: {error}; see appliance-agent --help");
            return 2;
        }

        try
        {
            return await command(options);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or EnrolmentRefusedException or InvalidDataException or LinuxException)
        {
            await Console.Error.WriteLineAsync($"appliance-agent: {Describe(e)}{Hint(e)}");
            return 1;
        }
    }

    // Bridges, TAPs, namespaces and the users that guests run as.
    private static string Hint(Exception e) => e is LinuxException { Errno: Errno.EPERM or Errno.EACCES } && !Environment.IsPrivilegedProcess
        ? "; run the agent as root, or with --driver simulated"
        : "";

    private static string Describe(Exception e) => e.InnerException is { } inner ? $"{e.Message}: {Describe(inner)}" : e.Message;
}
