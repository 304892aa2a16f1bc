using Appliance.Linux.Libc;

namespace Appliance.Agent.Compute.Processes;

/// <summary>Finds a process again and makes sure that it is the same one.</summary>
internal static class ProcessIdentity
{
    // Field 22 of /proc/{pid}/stat, counted after the command's closing parenthesis, where field 3 comes first.
    private const int StartTimeField = 22 - 3;
    private const int StateField = 0;

    /// <summary>The identity of a process that is alive, or a zombie, now; null when there is none.</summary>
    public static GuestProcess? Of(int processId) =>
        ReadFields(processId) is { } fields
            ? new GuestProcess(processId, ulong.Parse(fields[StartTimeField], CultureInfo.InvariantCulture), MachineBoot.Id)
            : null;

    /// <summary>A pidfd of exactly this process; null when it has ended.</summary>
    public static Fd? Open(GuestProcess process)
    {
        if (process.BootId != MachineBoot.Id || PidFd.Open(process.ProcessId) is not { } descriptor)
            return null;

        // Compared after opening: what is compared is what the descriptor holds, or has ended.
        if (Of(process.ProcessId) == process && ReadFields(process.ProcessId)?[StateField] is not ("Z" or "X"))
            return descriptor;

        descriptor.Dispose();
        return null;
    }

    private static string[]? ReadFields(int processId)
    {
        try
        {
            var text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/stat"));
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;   // no such process, or it ended while being read (ESRCH)
        }
    }
}
