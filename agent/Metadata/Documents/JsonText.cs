using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Appliance.Agent.Metadata.Documents;

/// <summary>
/// Writes JSON as Python's <c>json.dumps</c> lays it out: a space after each colon and comma, no more escapes than needed. Small guests read
/// these documents with sed and awk, and know no other layout.
/// </summary>
internal static class JsonText
{
    // The documents are never put into HTML: a plus sign in a key stays one.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Options))
            write(writer);
        return Space(buffer.WrittenSpan);
    }

    private static byte[] Space(ReadOnlySpan<byte> compact)
    {
        var spaced = new ArrayBufferWriter<byte>(compact.Length + compact.Length / 8);
        bool inString = false;
        for (int i = 0; i < compact.Length; i++)
        {
            byte c = compact[i];
            if (c == '\\')
            {
                // Whatever is escaped belongs to a string.
                spaced.Write(compact.Slice(i++, 2));
                continue;
            }

            inString ^= c == '"';
            spaced.Write([c]);
            if (!inString && c is ((byte)':' or (byte)','))
                spaced.Write(" "u8);
        }

        return spaced.WrittenSpan.ToArray();
    }
}
