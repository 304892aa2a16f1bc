using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace Appliance.Agent.Node.Documents;

/// <summary>What a frame of the journal says.</summary>
internal enum FrameType : byte
{
    /// <summary>First frame of a file: format version (1 byte), store id (16 bytes).</summary>
    Header = (byte)'H',
    /// <summary>The frames up to the next commit replace everything before.</summary>
    Full = (byte)'F',
    Document = (byte)'D',
    Removed = (byte)'R',
    /// <summary>Everything since the last commit counts now, and leads to this sequence (8 bytes).</summary>
    Commit = (byte)'C',
}

/// <summary>
/// One frame of the document journal: length of the payload and CRC-32C over length, type and payload (4 bytes each, little-endian), type (1
/// byte), payload. The checksum tells a frame that was written whole from one a crash cut off.
/// </summary>
internal static class JournalFrame
{
    public const int HeadBytes = 9;
    /// <summary>Longest payload: a document is at most one message of the link.</summary>
    public const int MaxPayloadBytes = Protocol.Link.LinkFraming.MaxMessageBytes;

    public static void Write(ArrayBufferWriter<byte> output, FrameType type, ReadOnlySpan<byte> payload)
    {
        var head = output.GetSpan(HeadBytes);
        BinaryPrimitives.WriteInt32LittleEndian(head, payload.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(head[4..], Checksum(type, payload));
        head[8] = (byte)type;
        output.Advance(HeadBytes);
        output.Write(payload);
    }

    public static void WriteDocument(ArrayBufferWriter<byte> output, StoredDocument document)
    {
        var kindBytes = Encoding.UTF8.GetByteCount(document.Kind);
        var idBytes = Encoding.UTF8.GetByteCount(document.Id);
        var length = 8 + 2 + kindBytes + 2 + idBytes + document.Body.Length;
        var rented = ArrayPool<byte>.Shared.Rent(length);
        var payload = rented.AsSpan(0, length);
        BinaryPrimitives.WriteInt64LittleEndian(payload, document.Generation);
        var rest = WriteText(payload[8..], document.Kind, kindBytes);
        rest = WriteText(rest, document.Id, idBytes);
        document.Body.Span.CopyTo(rest);
        Write(output, FrameType.Document, payload);
        ArrayPool<byte>.Shared.Return(rented);
    }

    public static void WriteRemoved(ArrayBufferWriter<byte> output, string kind, string id)
    {
        Span<byte> payload = stackalloc byte[4 + Encoding.UTF8.GetMaxByteCount(kind.Length + id.Length)];
        var rest = WriteText(payload, kind, Encoding.UTF8.GetByteCount(kind));
        rest = WriteText(rest, id, Encoding.UTF8.GetByteCount(id));
        Write(output, FrameType.Removed, payload[..^rest.Length]);
    }

    public static void WriteCommit(ArrayBufferWriter<byte> output, long sequence)
    {
        Span<byte> payload = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(payload, sequence);
        Write(output, FrameType.Commit, payload);
    }

    public static void WriteHeader(ArrayBufferWriter<byte> output, Guid storeId)
    {
        Span<byte> payload = stackalloc byte[17];
        payload[0] = DocumentJournal.FormatVersion;
        storeId.TryWriteBytes(payload[1..]);
        Write(output, FrameType.Header, payload);
    }

    /// <summary>Reads the frame at the start of <paramref name="bytes"/>; false when it is not whole and intact.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out FrameType type, out ReadOnlySpan<byte> payload)
    {
        type = default;
        payload = default;
        if (bytes.Length < HeadBytes)
            return false;

        var length = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        if (length is < 0 or > MaxPayloadBytes || length > bytes.Length - HeadBytes)
            return false;

        type = (FrameType)bytes[8];
        payload = bytes.Slice(HeadBytes, length);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) == Checksum(type, payload);
    }

    public static StoredDocument ReadDocument(ReadOnlySpan<byte> payload)
    {
        var generation = BinaryPrimitives.ReadInt64LittleEndian(payload);
        var kind = ReadText(payload[8..], out var rest);
        var id = ReadText(rest, out rest);
        return new StoredDocument(kind, id, generation, rest.ToArray());
    }

    public static (string Kind, string Id) ReadRemoved(ReadOnlySpan<byte> payload)
    {
        var kind = ReadText(payload, out var rest);
        return (kind, ReadText(rest, out _));
    }

    private static Span<byte> WriteText(Span<byte> output, string text, int byteCount)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(output, checked((ushort)byteCount));
        Encoding.UTF8.GetBytes(text, output[2..]);
        return output[(2 + byteCount)..];
    }

    private static string ReadText(ReadOnlySpan<byte> input, out ReadOnlySpan<byte> rest)
    {
        var length = BinaryPrimitives.ReadUInt16LittleEndian(input);
        rest = input[(2 + length)..];
        return Encoding.UTF8.GetString(input.Slice(2, length));
    }

    private static uint Checksum(FrameType type, ReadOnlySpan<byte> payload)
    {
        var crc = BitOperations.Crc32C(uint.MaxValue, (uint)payload.Length);
        crc = BitOperations.Crc32C(crc, (byte)type);
        var words = MemoryMarshal.Cast<byte, ulong>(payload);
        foreach (var word in words)
            crc = BitOperations.Crc32C(crc, word);
        foreach (var octet in payload[(words.Length * 8)..])
            crc = BitOperations.Crc32C(crc, octet);
        return ~crc;
    }
}
