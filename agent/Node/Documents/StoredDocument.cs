using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Appliance.Protocol;

namespace Appliance.Agent.Node.Documents;

/// <summary>A desired document as the node keeps it: the body as it came, read into its record once, when somebody asks.</summary>
internal sealed class StoredDocument(string kind, string id, long generation, ReadOnlyMemory<byte> body)
{
    private object? _read;

    public string Kind => kind;
    public string Id => id;
    public long Generation => generation;

    /// <summary>UTF-8 JSON.</summary>
    public ReadOnlyMemory<byte> Body => body;

    public bool IsSameAs(StoredDocument other) => generation == other.Generation && body.Span.SequenceEqual(other.Body.Span);

    /// <summary>The document as <typeparamref name="T"/>; null when the body is not one, with the reason.</summary>
    public Versioned<T>? Read<T>(JsonTypeInfo<T> type, out string? reason)
    {
        // Two readers may both parse; either result is the same value.
        if (_read is null)
        {
            try
            {
                var value = JsonSerializer.Deserialize(body.Span, type);
                _read = value is null ? "the body is null" : new Versioned<T>(generation, value);
            }
            catch (JsonException e)
            {
                _read = e.Message;
            }
        }

        reason = _read as string;
        return _read as Versioned<T>;
    }
}
