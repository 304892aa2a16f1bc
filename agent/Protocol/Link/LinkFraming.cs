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

    // What a peer that only announces a long message makes this side allocate; the buffer grows as bytes arrive.
    private const int FirstBufferBytes = 16 * 1024;

    /// <summary>Writes one message; callers serialize calls on one writer.</summary>
    /// <exception cref="InvalidDataException">The message is longer than <see cref="MaxMessageBytes"/>.</exception>
    public static async Task WriteAsync(PipeWriter writer, LinkMessage message, CancellationToken ct)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(message, ProtocolJson.Default.LinkMessage);
        if (body.Length > MaxMessageBytes)
            throw new InvalidDataException($"link: a message of {body.Length} bytes; the limit is {MaxMessageBytes}");

        BinaryPrimitives.WriteInt32BigEndian(writer.GetSpan(4), body.Length);
        writer.Advance(4);
        writer.Write(body);
        await writer.FlushAsync(ct);
    }

    /// <summary>Reads one message; null at the end of the channel.</summary>
    /// <exception cref="InvalidDataException">The frame is too long, cut off, or not a message.</exception>
    public static async Task<LinkMessage?> ReadAsync(PipeReader reader, CancellationToken ct)
    {
        var header = await FillAsync(reader, 4, ct);
        if (header.Count == 0)
            return null;

        var length = header.Count == 4 ? BinaryPrimitives.ReadInt32BigEndian(header) : -1;
        ArrayPool<byte>.Shared.Return(header.Array!);
        if (length is < 2 or > MaxMessageBytes)
            throw new InvalidDataException($"link: a frame of {length} bytes; the limit is {MaxMessageBytes}");

        var body = await FillAsync(reader, length, ct);
        try
        {
            if (body.Count != length)
                throw new InvalidDataException($"link: the channel ended after {body.Count} of {length} bytes");
            return JsonSerializer.Deserialize(body.AsSpan(), ProtocolJson.Default.LinkMessage)
                ?? throw new InvalidDataException("link: a frame that is null");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException("link: a frame that is not a message", e);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(body.Array!);
        }
    }

    // Takes bytes out of the pipe as they come, so that a message may be longer than the channel's window. Fewer bytes: the channel ended.
    private static async ValueTask<ArraySegment<byte>> FillAsync(PipeReader reader, int length, CancellationToken ct)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Min(length, FirstBufferBytes));
        var filled = 0;
        while (filled < length)
        {
            var result = await reader.ReadAsync(ct);
            var taken = result.Buffer.Slice(0, Math.Min(result.Buffer.Length, length - filled));
            if (filled + taken.Length > buffer.Length)
                buffer = Grow(buffer, filled, Math.Min(length, Math.Max((int)(filled + taken.Length), buffer.Length * 2)));

            taken.CopyTo(buffer.AsSpan(filled));
            filled += (int)taken.Length;
            reader.AdvanceTo(taken.End);
            if (result.IsCanceled || (result.IsCompleted && taken.IsEmpty))
                break;
        }

        return new ArraySegment<byte>(buffer, 0, filled);
    }

    private static byte[] Grow(byte[] buffer, int filled, int length)
    {
        var larger = ArrayPool<byte>.Shared.Rent(length);
        buffer.AsSpan(0, filled).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }
}
