using System.Text;

namespace Appliance.Controller.Compute.Servers.Consoles;

/// <summary>Console output as the API gives it.</summary>
internal static class ConsoleText
{
    /// <summary>
    /// The last lines of a log, without the control characters that JSON clients choke on. Counted as nova/compute/manager.py, _tail_log, does
    /// it, for clients count what they get the same way: what follows the last line end is a line too, mostly an empty one.
    /// </summary>
    /// <param name="count">Null or -1: all.</param>
    public static string LastLines(string log, long? count)
    {
        var text = Clean(log);
        if (count is null or < 0)
            return text;
        if (count == 0)
            return "";

        var start = text.Length;
        for (var found = 0L; start > 0; start--)
        {
            if (text[start - 1] == '\n' && ++found == count)
                break;
        }

        return text[start..];
    }

    // As upstream: everything below a space but tab and line feed.
    private static string Clean(string log)
    {
        var text = new StringBuilder(log.Length);
        foreach (var character in log)
        {
            if (character is >= ' ' or '\n' or '\t')
                text.Append(character);
        }

        return text.ToString();
    }
}
