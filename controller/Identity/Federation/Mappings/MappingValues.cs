using System.Text;
using System.Text.RegularExpressions;

namespace Appliance.Controller.Identity.Federation.Mappings;

/// <summary>What the conditions of a rule let through, in their order, to be put in for <c>{0}</c>, <c>{1}</c> …</summary>
internal sealed partial class MappingValues(IReadOnlyList<IReadOnlyList<string>> values)
{
    /// <summary>The text with values put in; null: it names a value there is none for. Several values stand together, apart by commas.</summary>
    public string? Fill(string text)
    {
        var filled = new StringBuilder();
        var last = 0;
        foreach (var place in Place().EnumerateMatches(text))
        {
            var index = int.Parse(text.AsSpan(place.Index + 1, place.Length - 2), CultureInfo.InvariantCulture);
            if (index >= values.Count)
                return null;
            filled.Append(text, last, place.Index - last).AppendJoin(",", values[index]);
            last = place.Index + place.Length;
        }

        return filled.Append(text, last, text.Length - last).ToString();
    }

    /// <summary>A text that is one place only stands for all of its values, each by itself.</summary>
    public IReadOnlyList<string>? FillList(string text)
    {
        if (Place().Match(text) is not { Success: true } place || place.Length != text.Length)
            return Fill(text) is { } one ? [one] : null;
        var index = int.Parse(text.AsSpan(1, text.Length - 2), CultureInfo.InvariantCulture);
        return index < values.Count ? values[index] : null;
    }

    [GeneratedRegex(@"\{[0-9]{1,3}\}")]
    private static partial Regex Place();
}
