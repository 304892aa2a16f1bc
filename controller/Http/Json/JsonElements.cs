using System.Text.Json;

namespace Appliance.Controller.Http.Json;

/// <summary>Reading members of validated bodies. Absent and null are told apart by <see cref="Has"/>: partial updates need both.</summary>
internal static class JsonElements
{
    public static bool Has(this JsonElement body, string name) => body.ValueKind == JsonValueKind.Object && body.TryGetProperty(name, out _);

    public static JsonElement? Member(this JsonElement body, string name) =>
        body.ValueKind == JsonValueKind.Object && body.TryGetProperty(name, out var value) ? value : null;

    /// <summary>Null when absent or null.</summary>
    public static string? StringOrNull(this JsonElement body, string name) =>
        body.Member(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    public static bool? BoolOrNull(this JsonElement body, string name) => body.Member(name)?.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    /// <summary>A JSON integer, or a string of digits as several OpenStack schemas allow.</summary>
    public static long? Int64OrNull(this JsonElement body, string name) => body.Member(name) switch
    {
        { ValueKind: JsonValueKind.Number } number when number.TryGetInt64(out var value) => value,
        { ValueKind: JsonValueKind.String } text
            when long.TryParse(text.GetString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) => value,
        _ => null,
    };

    /// <summary>The members of an object as a map. Of a name given twice the last counts, as it does for Python's <c>json</c>.</summary>
    public static Dictionary<string, T> ToMap<T>(this JsonElement body, Func<JsonElement, T> read)
    {
        var map = new Dictionary<string, T>();
        foreach (var member in body.EnumerateObject())
            map[member.Name] = read(member.Value);
        return map;
    }
}
