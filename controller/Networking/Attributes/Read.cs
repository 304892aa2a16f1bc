using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Networking.Addressing;

namespace Appliance.Controller.Networking.Attributes;

/// <summary>The readers that attribute maps are made of, with the messages of neutron_lib's validators and converters.</summary>
internal static class Read
{
    public static AttributeReader Text(int maxLength) => value => CheckText(value, maxLength) is { } reason ? Reading.Invalid(reason) : new(value.GetString());

    public static AttributeReader TextOrNull(int maxLength) => OrNull(Text(maxLength));

    /// <summary>Printable, and neither begins nor ends with a blank (<c>type:name_string</c>).</summary>
    public static AttributeReader Name(int maxLength) => value =>
    {
        if (CheckText(value, maxLength) is { } reason)
            return Reading.Invalid(reason);
        var text = value.GetString()!;
        return IsName(text) ? new Reading(text) : Reading.Invalid($"'{text}' is not a valid string");
    };

    /// <summary>Text; null becomes the empty string.</summary>
    public static AttributeReader TextOrEmpty(int maxLength)
    {
        var text = Text(maxLength);
        return value => value.ValueKind == JsonValueKind.Null ? new Reading("") : text(value);
    }

    public static Reading Flag(JsonElement value) =>
        TryFlag(PythonText.Str(value)) is { } flag ? new Reading(flag) : NeutronErrors.InvalidInput($"'{PythonText.Str(value)}' cannot be converted to boolean");

    public static Reading FlagOrNull(JsonElement value) => value.ValueKind == JsonValueKind.Null ? new Reading(null) : Flag(value);

    /// <summary>oslo's <c>bool_from_string(strict=True)</c>; null when it is neither.</summary>
    public static bool? TryFlag(string text) => text.Trim().ToLowerInvariant() switch
    {
        "1" or "t" or "true" or "on" or "y" or "yes" => true,
        "0" or "f" or "false" or "off" or "n" or "no" => false,
        _ => null,
    };

    public static Reading Integer(JsonElement value) =>
        TryInteger(value) is { } number ? new Reading(number) : NeutronErrors.InvalidInput($"'{PythonText.Str(value)}' is not an integer");

    /// <summary><c>type:range</c> with null for an open end.</summary>
    public static AttributeReader Range(long? min, long? max) => value =>
    {
        if (TryInteger(value) is not { } number)
            return Reading.Invalid($"'{PythonText.Str(value)}' is not an integer");
        if (number < min)
            return Reading.Invalid($"'{number}' is too small - must be at least '{min}'");
        return number > max ? Reading.Invalid($"'{number}' is too large - must be no larger than '{max}'") : new(number);
    };

    public static Reading NonNegative(JsonElement value) =>
        Integer(value) is { Value: long number } && number < 0 ? Reading.Invalid($"'{number}' should be non-negative") : Integer(value);

    /// <summary>One of a few integers, after conversion.</summary>
    public static AttributeReader IntegerAmong(params long[] values) => value =>
    {
        var read = Integer(value);
        return read.Fault is null && !values.Contains((long)read.Value!)
            ? Reading.Invalid($"{PythonText.Str(value)} is not in valid_values") : read;
    };

    public static AttributeReader Among(params string[] values) => value =>
        value.ValueKind == JsonValueKind.String && values.Contains(value.GetString())
            ? new Reading(value.GetString()) : Reading.Invalid($"{PythonText.Str(value)} is not in valid_values");

    public static Reading Uuid(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && IsUuid(value.GetString()!)
            ? new Reading(value.GetString()) : Reading.Invalid($"'{PythonText.Str(value)}' is not a valid UUID");

    public static Reading UuidOrNull(JsonElement value) => value.ValueKind == JsonValueKind.Null ? new Reading(null) : Uuid(value);

    /// <summary>Canonical address text, or null.</summary>
    public static Reading IpOrNull(JsonElement value) => value.ValueKind == JsonValueKind.Null ? new Reading(null)
        : CheckIp(value) is { } reason ? Reading.Invalid(reason) : new(Ip.Parse(value.GetString()!).ToString());

    /// <summary>A JSON object, kept as it is.</summary>
    public static Reading Object(JsonElement value) =>
        value.ValueKind == JsonValueKind.Object ? new Reading(value) : Reading.Invalid($"'{PythonText.Str(value)}' is not a dictionary");

    public static Reading ObjectOrNull(JsonElement value) => value.ValueKind == JsonValueKind.Null ? new Reading(null) : Object(value);

    /// <summary>Null reads as null, anything else by <paramref name="reader"/>.</summary>
    public static AttributeReader OrNull(AttributeReader reader) => value => value.ValueKind == JsonValueKind.Null ? new Reading(null) : reader(value);

    public static bool IsUuid(string text) => Guid.TryParseExact(text, "D", out _) || Guid.TryParseExact(text, "N", out _);

    /// <summary><c>validate_ip_address</c>: null when it is one.</summary>
    public static string? CheckIp(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && Ip.TryParse(value.GetString(), out _) ? null : $"'{PythonText.Str(value)}' is not a valid IP address";

    /// <summary><c>validate_string</c>: null when it is text of at most so many characters.</summary>
    public static string? CheckText(JsonElement value, int maxLength)
    {
        if (value.ValueKind != JsonValueKind.String)
            return $"'{PythonText.Str(value)}' is not a valid string";
        var text = value.GetString()!;
        return text.Length > maxLength ? $"'{text}' exceeds maximum length of {maxLength}" : null;
    }

    /// <summary>Python's <c>int()</c> of a JSON value.</summary>
    public static long? TryInteger(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => 1,
        JsonValueKind.False => 0,
        JsonValueKind.Number when value.TryGetInt64(out var number) => number,
        JsonValueKind.Number when value.GetDouble() is > -1e18 and < 1e18 and var real => (long)real,
        JsonValueKind.String when long.TryParse(value.GetString()!.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            => number,
        _ => null,
    };

    private static bool IsName(string text) =>
        text.Length == 0 || (!IsBlank(text[0]) && !IsBlank(text[^1]) && text.All(IsPrintable));

    private static bool IsBlank(char character) => char.IsWhiteSpace(character) || !IsPrintable(character);

    private static bool IsPrintable(char character) => char.GetUnicodeCategory(character) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
