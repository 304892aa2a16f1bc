namespace Appliance.Controller.Networking.Resources;

/// <summary>Tags as one column: each between line feeds, which no tag may hold, so that SQL finds one with <c>LIKE</c>.</summary>
internal static class TagText
{
    private const char Separator = '\n';

    public static string Format(IReadOnlyList<string> tags) => tags.Count == 0 ? "" : $"{Separator}{string.Join(Separator, tags)}{Separator}";

    public static IReadOnlyList<string> Parse(string text) => text.Length == 0 ? [] : text.Split(Separator, StringSplitOptions.RemoveEmptyEntries);

    /// <summary>What the column contains when the tag is among them.</summary>
    public static string Needle(string tag) => $"{Separator}{tag}{Separator}";
}
