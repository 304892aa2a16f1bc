using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Appliance.Controller.Networking;

/// <summary>A list that is stored as JSON text and taken apart only by whoever looks inside: views write the text as it is.</summary>
internal readonly struct JsonList<T>(string text, JsonTypeInfo<List<T>> type)
{
    public string Text => text;

    public List<T> Items => text == "[]" ? [] : JsonSerializer.Deserialize(text, type)!;

    public static JsonList<T> Of(List<T> items, JsonTypeInfo<List<T>> type) => new(JsonSerializer.Serialize(items, type), type);
}
