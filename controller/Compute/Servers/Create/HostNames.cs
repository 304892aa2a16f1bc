using System.Text;

namespace Appliance.Controller.Compute.Servers.Create;

/// <summary>DNS labels from server names (nova/utils.py, sanitize_hostname).</summary>
internal static class HostNames
{
    private const int MaxLabel = 63;

    /// <param name="fallback">Used when nothing of the name can stand in a label.</param>
    public static string Of(string name, string fallback)
    {
        var label = new StringBuilder(name.Length);
        foreach (var character in name)
        {
            if (char.IsAsciiLetterOrDigit(character))
                label.Append(char.ToLowerInvariant(character));
            else if (character is ' ' or '_' or '-' or '.')
                label.Append('-');
        }

        var text = label.ToString().Trim('-');
        if (text.Length > MaxLabel)
            text = text[..MaxLabel].TrimEnd('-');
        return text.Length > 0 ? text : fallback;
    }
}
