using System.Text.Json;
using Appliance.Controller.Identity.Domains.Configs;

namespace Appliance.Controller.Identity.Directories;

/// <summary>
/// The options of one group as a driver reads them: those set, as JSON values or the texts that oslo.config takes for them, and upstream's
/// defaults for the others.
/// </summary>
internal sealed class DomainOptionValues(IEnumerable<DomainOption> options, string group)
{
    private readonly Dictionary<string, JsonElement> _values = options.Where(option => option.Group == group)
        .ToDictionary(static option => option.Name, static option => JsonDocument.Parse(option.Value).RootElement, StringComparer.Ordinal);

    /// <summary>Null: neither set nor with a default.</summary>
    public string? TextOrNull(string option) => Find(option) is not { } value ? null : value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.True => "True",
        JsonValueKind.False => "False",
        _ => throw Bad(option, "is not a text"),
    };

    public string Text(string option) => TextOrNull(option) is { Length: > 0 } text ? text : throw Bad(option, "is empty");

    public bool Flag(string option) => TextOrNull(option)?.ToLowerInvariant() switch
    {
        null or "" or "false" or "0" or "no" or "off" => false,
        "true" or "1" or "yes" or "on" => true,
        _ => throw Bad(option, "is not a boolean"),
    };

    public int Integer(string option, int min) =>
        int.TryParse(TextOrNull(option), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= min
            ? value
            : throw Bad(option, $"is not an integer of at least {min}");

    /// <summary>Seconds and the like; not below 0.</summary>
    public double Number(string option) =>
        double.TryParse(TextOrNull(option), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value is >= 0 and <= 3600
            ? value
            : throw Bad(option, "is not a number from 0 to 3600");

    /// <summary>A JSON list, or a text apart by commas.</summary>
    public IReadOnlyList<string> List(string option)
    {
        if (Find(option) is not { } value)
            return [];
        return value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String ? item.GetString()! : throw Bad(option, "is not a list of texts"))]
            : TextOrNull(option)!.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    public T Choice<T>(string option, params ReadOnlySpan<(string Name, T Value)> choices)
    {
        var text = Text(option);
        foreach (var (name, value) in choices)
        {
            if (name == text)
                return value;
        }

        throw Bad(option, $"cannot be '{text}'");
    }

    private JsonElement? Find(string option)
    {
        if (!_values.TryGetValue(option, out var value))
        {
            if ((DomainOptions.FindDefault(group, option) ?? DomainOptions.FindFileDefault(group, option)) is not { } json)
                return null;
            _values.Add(option, value = JsonDocument.Parse(json).RootElement);
        }

        return value.ValueKind == JsonValueKind.Null ? null : value;
    }

    private FormatException Bad(string option, string why) => new($"[{group}] {option} {why}");
}
