using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Identity.Collections;

/// <summary>Members of a checked body over the values there are: absent keeps, null clears.</summary>
internal static class BodyMembers
{
    // Only not white space all through, as Keystone's pattern for names says.
    private const string NotBlank = @"[\S]+";

    public static readonly JsonSchema Name = JsonSchema.String(1, 255).Pattern(NotBlank);
    public static readonly JsonSchema ShortName = JsonSchema.String(1, 64).Pattern(NotBlank);
    public static readonly JsonSchema Id = JsonSchema.String(1, 64).Pattern("^[a-zA-Z0-9-]+$");
    public static readonly JsonSchema NullableId = JsonSchema.NullableString(1, 64).Pattern("^[a-zA-Z0-9-]+$");
    public static readonly JsonSchema NullableText = JsonSchema.Of("string", "null");

    public static string? Text(this JsonElement body, string name, string? current) =>
        body.Member(name) is { } value ? value.ValueKind == JsonValueKind.String ? value.GetString() : null : current;

    public static bool Flag(this JsonElement body, string name, bool current) => body.BoolOrNull(name) ?? current;

    /// <summary>The body may repeat the id, not change it.</summary>
    public static Fault? CheckId(JsonElement body, string id) =>
        body.Member("id") is { ValueKind: not JsonValueKind.Null } given && !(given.ValueKind == JsonValueKind.String && given.GetString() == id)
            ? IdentityFaults.Invalid("Cannot change ID")
            : null;
}
