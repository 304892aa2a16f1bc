using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Compute;

/// <summary>
/// The value types that compute requests share (nova/api/validation/parameter_types.py) and the words of a refused one
/// (nova/api/validation/validators.py).
/// </summary>
internal static class ComputeSchemas
{
    public const string MetadataKey = "^[a-zA-Z0-9-_:. ]{1,255}$";
    private const long MaxInteger = int.MaxValue;
    private const string InvalidName = "An invalid 'name' value was provided. The name must be: ";

    // The spellings oslo.utils takes for a boolean in a JSON string.
    private static readonly string[] True = ["True", "TRUE", "true", "1", "ON", "On", "on", "YES", "Yes", "yes"];
    private static readonly string[] False = ["False", "FALSE", "false", "0", "OFF", "Off", "off", "NO", "No", "no"];

    public static JsonSchema Name => JsonSchema.String(1, 255).Rule(static value => value.ValueKind != JsonValueKind.String
        || IsPrintableName(value.GetString()!, allowsColon: true)
            ? null : InvalidName + "printable characters. Can not start or end with whitespace.");

    public static JsonSchema ZoneName => JsonSchema.String(1, 255).Rule(static value => value.ValueKind != JsonValueKind.String
        || IsPrintableName(value.GetString()!, allowsColon: false)
            ? null : InvalidName + "printable characters except :.Can not start or end with whitespace.");

    public static JsonSchema Boolean => JsonSchema.Of("boolean", "string").Rule(static value =>
        value.ValueKind == JsonValueKind.String && ParseBoolean(value) is null
            ? $"{PythonText.Repr(value)} is not one of [True, {string.Join(", ", True.Select(PythonText.Quote))}, "
                + $"False, {string.Join(", ", False.Select(PythonText.Quote))}]"
            : null);

    public static JsonSchema Uuid => JsonSchema.String().Format("uuid", static text => Guid.TryParse(text, out _));
    public static JsonSchema Description => JsonSchema.NullableString(0, 255);
    public static JsonSchema Metadata => JsonSchema.Object.PatternProperty(MetadataKey, JsonSchema.String(max: 255)).Closed();
    public static JsonSchema ProjectId => JsonSchema.String(1, 255).Pattern("^[a-zA-Z0-9-]*$");

    /// <summary>An integer, or a string of digits, within bounds.</summary>
    public static JsonSchema IntegerOrDigits(long min, long max = MaxInteger) =>
        JsonSchema.Of("integer", "string").Pattern("^[0-9]*$").Length(1, null).Range(min, max).Rule(value => BoundsOf(value, min, max));

    public static bool? ParseBoolean(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String when True.Contains(value.GetString()) => true,
        JsonValueKind.String when False.Contains(value.GetString()) => false,
        _ => null,
    };

    /// <summary>oslo.utils' reading of a boolean in a query: anything unknown is null.</summary>
    public static bool? ParseBoolean(string? text) => text?.Trim().ToLowerInvariant() switch
    {
        "1" or "t" or "true" or "on" or "y" or "yes" => true,
        "0" or "f" or "false" or "off" or "n" or "no" => false,
        _ => null,
    };

    /// <summary>True when the body does not fit, with the 400 that names field, value and reason as Nova does.</summary>
    public static bool Refuses(this JsonSchema schema, JsonElement body, [NotNullWhen(true)] out Fault? invalid) =>
        (invalid = ToFault(schema.Check(body))) is not null;

    private static Fault? ToFault(SchemaError? found) => found switch
    {
        null => null,
        { Message: var message } when message.StartsWith(InvalidName, StringComparison.Ordinal) => ComputeFaults.Invalid(message),
        { Path.Count: 0, Message: var message } => ComputeFaults.Invalid(message),
        var error => ComputeFaults.Invalid(
            $"Invalid input for field/attribute {error.Path[^1]}. Value: {PythonText.Str(error.Value)}. {error.Message}"),
    };

    public static Fault InvalidQuery(string key, string value, string message) =>
        ComputeFaults.Invalid($"Invalid input for query parameters {key}. Value: {value}. {message}");

    private static string? BoundsOf(JsonElement value, long min, long max)
    {
        if (value.ValueKind != JsonValueKind.String || value.GetString() is not { Length: > 0 } text || !text.All(char.IsAsciiDigit))
            return null;
        // Digits too many for a number are beyond every bound.
        var number = decimal.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed : decimal.MaxValue;
        if (number < min)
            return $"{PythonText.Repr(value)} is less than the minimum of {min}";
        return number > max ? $"{PythonText.Repr(value)} is greater than the maximum of {max}" : null;
    }

    private static bool IsPrintableName(string text, bool allowsColon)
    {
        if (text.Length == 0)
            return true;          // minLength has its own message
        if (char.IsWhiteSpace(text[0]) || char.IsWhiteSpace(text[^1]))
            return false;

        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value == ':' && !allowsColon)
                return false;
            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
                or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator)
                return false;
        }

        return true;
    }
}
