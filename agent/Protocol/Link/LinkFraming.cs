using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Text.Json;

namespace Appliance.Protocol.Link;

/// <summary>Frames of the control channel: 4-byte big-endian length, then one <see cref="LinkMessage"/> as UTF-8 JSON.</summary>
public static class LinkFraming
{
    /// <summary>A full synchronization of a large node fits; a broken peer cannot make this side allocate more.</summary>
    public const int MaxMessageBytes = 64 * 1024 * 1024;

    /// <summary>Writes one message; callers serialize calls on one writer.</summary>
    public static async Task WriteAsync(PipeWriter writer, LinkMessage message, CancellationToken ct)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(message, ProtocolJson.Default.LinkMessage);
        BinaryPrimitives.WriteInt32BigEndian(writer.GetSpan(4), body.Length);
        writer.Advance(4);
        writer.Write(body);
        await writer.FlushAsync(ct);
    }

    /// <summary>Reads one message; null at the end of the channel.</summary>
    /// <exception cref="InvalidDataException">The frame is too long or not a message.</exception>
    public static async Task<LinkMessage?> ReadAsync(PipeReader reader, CancellationToken ct)
    {
        while (true)
        {
            var result = await reader.ReadAsync(ct);
            var buffer = result.Buffer;
            if (TryParse(ref buffer, out var message))
            {
                reader.AdvanceTo(buffer.Start);
                return message;
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
                return null;
        }
    }

    private static bool TryParse(ref ReadOnlySequence<byte> buffer, out LinkMessage? message)
    {
        message = null;
        if (buffer.Length < 4)
            return false;

        Span<byte> header = stackalloc byte[4];
        buffer.Slice(0, 4).CopyTo(header);
        var length = BinaryPrimitives.ReadInt32BigEndian(header);
        if (length is < 2 or > MaxMessageBytes)
            throw new InvalidDataException($"link: a frame of {length} bytes; the limit is {MaxMessageBytes}");
        if (buffer.Length < 4 + length)
            return false;

        var json = new Utf8JsonReader(buffer.Slice(4, length));
        try
        {
            message = JsonSerializer.Deserialize(ref json, ProtocolJson.Default.LinkMessage);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException("link: a frame that is not a message", e);
        }

        buffer = buffer.Slice(4 + length);
        return true;
    }
}
