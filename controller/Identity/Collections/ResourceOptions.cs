using System.Text;
using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Identity.Collections;

/// <summary>The <c>options</c> of users, projects, domains and roles: a JSON object where null takes an option away.</summary>
internal static class ResourceOptions
{
    private static readonly JsonSchema Flag = JsonSchema.Of("boolean", "null");

    /// <summary>Projects, domains and roles have one option: nobody may change or delete what is immutable.</summary>
    public static readonly JsonSchema Immutable = JsonSchema.Object.Closed().Property("immutable", Flag);

    public static string Merge(string stored, JsonElement body)
    {
        if (body.Member("options") is not { ValueKind: JsonValueKind.Object } given)
            return stored;

        using var old = JsonDocument.Parse(stored);
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var option in old.RootElement.EnumerateObject().Where(option => !given.TryGetProperty(option.Name, out _)))
                option.WriteTo(writer);
            foreach (var option in given.EnumerateObject().Where(static option => option.Value.ValueKind != JsonValueKind.Null))
                option.WriteTo(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    public static void Write(Utf8JsonWriter writer, string stored)
    {
        writer.WritePropertyName("options");
        writer.WriteRawValue(stored, skipInputValidation: true);
    }

    public static bool IsSet(string stored, string option)
    {
        if (stored == Extra.None)
            return false;
        using var options = JsonDocument.Parse(stored);
        return options.RootElement.BoolOrNull(option) == true;
    }

    /// <summary>The only change an immutable thing allows is to stop being immutable.</summary>
    public static Fault? CheckUpdate(string stored, JsonElement body, string type, string id)
    {
        if (!IsSet(stored, "immutable"))
            return null;
        var isLifted = body.EnumerateObject().Count() == 1
            && body.Member("options")?.Member("immutable") is { ValueKind: JsonValueKind.False or JsonValueKind.Null };
        return isLifted ? null : Refuse("update", type, id);
    }

    public static Fault? CheckDelete(string stored, string type, string id) => IsSet(stored, "immutable") ? Refuse("delete", type, id) : null;

    private static Fault Refuse(string what, string type, string id) =>
        new(FaultKind.Forbidden, $"Unable to {what} immutable {type} resource: `{id}. Set resource option \"immutable\" to false first.");
}
