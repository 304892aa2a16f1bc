using System.Text;
using System.Text.Json;

namespace Appliance.Controller.Identity.Collections;

/// <summary>Members of a body that the API does not define: Keystone keeps and shows them.</summary>
internal static class Extra
{
    public const string None = "{}";

    /// <summary>The stored members with those of the body put over them; <paramref name="known"/> names what has a column of its own.</summary>
    public static string Merge(string stored, JsonElement body, IReadOnlySet<string> known)
    {
        var isKnown = true;
        foreach (var member in body.EnumerateObject())
            isKnown &= IsReserved(member.Name, known);
        if (isKnown)
            return stored;

        using var old = JsonDocument.Parse(stored);
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var member in old.RootElement.EnumerateObject())
            {
                if (!body.TryGetProperty(member.Name, out _))
                    member.WriteTo(writer);
            }

            foreach (var member in body.EnumerateObject())
            {
                if (!IsReserved(member.Name, known))
                    member.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Writes the stored members into the object that is open.</summary>
    public static void Write(Utf8JsonWriter writer, string stored)
    {
        if (stored == None)
            return;
        using var members = JsonDocument.Parse(stored);
        foreach (var member in members.RootElement.EnumerateObject())
            member.WriteTo(writer);
    }

    private static bool IsReserved(string name, IReadOnlySet<string> known) => name is "id" or "links" || known.Contains(name);
}
