using System.Buffers.Binary;

namespace Appliance.Agent.Network.Dhcp;

/// <summary>Writes a server's message into a caller's buffer and never past the size the client takes; what does not fit is left out.</summary>
internal ref struct DhcpReplyWriter
{
    /// <summary>Every client takes datagrams of 576 bytes (RFC 2131 §2); BOOTP relays want at least 300 bytes of message.</summary>
    private const int MinMessageLength = 300;

    private const byte BootReply = 2;
    private const int MaxOptionPart = 255;

    private readonly Span<byte> _message;
    private int _length;

    /// <param name="message">As long as the reply may get.</param>
    public DhcpReplyWriter(Span<byte> message, in DhcpRequest request, DhcpMessageType type)
    {
        _message = message;
        message.Clear();
        message[0] = BootReply;
        message[1] = 1;
        message[2] = 6;
        BinaryPrimitives.WriteUInt32BigEndian(message[4..], request.TransactionId);
        BinaryPrimitives.WriteUInt16BigEndian(message[10..], request.Flags);
        request.ClientMac.Write(message[28..]);
        BinaryPrimitives.WriteUInt32BigEndian(message[236..], DhcpRequest.MagicCookie);
        _length = DhcpRequest.HeaderLength;
        Add(DhcpOptionCode.MessageType, [(byte)type]);
    }

    public readonly void SetClientAddress(uint address) => BinaryPrimitives.WriteUInt32BigEndian(_message[12..], address);

    public readonly void SetYourAddress(uint address) => BinaryPrimitives.WriteUInt32BigEndian(_message[16..], address);

    public readonly void SetNextServer(uint address) => BinaryPrimitives.WriteUInt32BigEndian(_message[20..], address);

    /// <summary>Names longer than the fields (63 and 127 bytes) are cut by <see cref="DhcpLeaseBuilder"/> already.</summary>
    public readonly void SetServerName(ReadOnlySpan<byte> name) => name.CopyTo(_message.Slice(44, 64));

    public readonly void SetBootFile(ReadOnlySpan<byte> name) => name.CopyTo(_message.Slice(108, 128));

    public void Add(byte code, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        Add(code, bytes);
    }

    /// <summary>Adds an option, in several parts when it is long (RFC 3396), or leaves it out when there is no room.</summary>
    public void Add(byte code, scoped ReadOnlySpan<byte> value)
    {
        int parts = Math.Max(1, (value.Length + MaxOptionPart - 1) / MaxOptionPart);
        // One byte stays free for the end option.
        if (value.Length + 2 * parts > _message.Length - _length - 1)
            return;

        for (int part = 0; part < parts; part++)
        {
            int length = Math.Min(MaxOptionPart, value.Length);
            _message[_length] = code;
            _message[_length + 1] = (byte)length;
            value[..length].CopyTo(_message[(_length + 2)..]);
            _length += 2 + length;
            value = value[length..];
        }
    }

    /// <returns>The length of the message.</returns>
    public int Finish()
    {
        _message[_length++] = DhcpOptionCode.End;
        return Math.Max(_length, MinMessageLength);
    }
}
