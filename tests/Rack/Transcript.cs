namespace Appliance.RackTests;

/// <summary>Finds parts of what a node's console said.</summary>
internal static class Transcript
{
    /// <summary>What is between two markers; up to the end when the second is missing, nothing when the first is.</summary>
    public static string Between(this string said, string begin, string end)
    {
        int start = said.IndexOf(begin, StringComparison.Ordinal);
        if (start < 0)
            return "";
        int stop = said.IndexOf(end, start, StringComparison.Ordinal);
        return stop < 0 ? said[start..] : said[start..stop];
    }
}
