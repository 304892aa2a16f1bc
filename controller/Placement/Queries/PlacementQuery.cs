using System.Buffers;
using System.Text;
using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Placement.Queries;

/// <summary>A query string. Keys may repeat and their case matters: they end in names of groups, which the client chooses.</summary>
internal sealed class PlacementQuery
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly List<(string Key, string Value)> _pairs;

    private PlacementQuery(List<(string, string)> pairs) => _pairs = pairs;

    /// <summary>The keys, in order of their first appearance.</summary>
    public IEnumerable<string> Keys => _pairs.Select(static pair => pair.Key).Distinct();

    public bool Has(string key) => _pairs.Exists(pair => pair.Key == key);

    public IEnumerable<string> All(string key) => _pairs.Where(pair => pair.Key == key).Select(static pair => pair.Value);

    /// <summary>Of a key that repeats the last value counts; null when absent.</summary>
    public string? Last(string key) => All(key).LastOrDefault();

    /// <summary>Reads the query of a request and checks it as the object of last values.</summary>
    public static Outcome<PlacementQuery> Read(ApiRequest request, JsonSchema schema)
    {
        var pairs = new List<(string, string)>();
        foreach (var part in (request.Http.Request.QueryString.Value ?? "").TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (Decode(equals < 0 ? part : part[..equals]) is not { } key || Decode(equals < 0 ? "" : part[(equals + 1)..]) is not { } value)
                return PlacementFaults.Invalid("Invalid query string parameters: it is not valid UTF-8");
            pairs.Add((key, value));
        }

        var query = new PlacementQuery(pairs);
        using var document = JsonDocument.Parse(query.ToJson());
        return PlacementRequest.CheckSchema("Invalid query string parameters", schema, document.RootElement) is { } invalid ? invalid : query;
    }

    private ReadOnlyMemory<byte> ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        foreach (var key in Keys)
            json.WriteString(key, Last(key));
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    // Null: the bytes behind the escapes are no UTF-8.
    private static string? Decode(string text)
    {
        if (!text.AsSpan().ContainsAny('%', '+'))
            return text;
        var bytes = new List<byte>(text.Length);
        var plain = Encoding.UTF8.GetBytes(text);
        for (var i = 0; i < plain.Length; i++)
        {
            if (plain[i] == '%' && i + 2 < plain.Length && byte.TryParse(plain.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, null, out var value))
            {
                bytes.Add(value);
                i += 2;
                continue;
            }

            bytes.Add(plain[i] == (byte)'+' ? (byte)' ' : plain[i]);
        }

        try
        {
            return StrictUtf8.GetString([.. bytes]);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
