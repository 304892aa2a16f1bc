using System.Buffers.Binary;

namespace Appliance.Agent.Network.Dhcpv6;

/// <summary>Writes a server's message into a caller's buffer; what does not fit is left out whole.</summary>
internal ref struct Dhcpv6ReplyWriter
{
    private const int OptionHeaderLength = 4;
    private const int IaHeaderLength = 12;

    private readonly Span<byte> _message;

    public Dhcpv6ReplyWriter(Span<byte> message, Dhcpv6MessageType type, ReadOnlySpan<byte> transactionId)
    {
        _message = message;
        message[0] = (byte)type;
        transactionId.CopyTo(message[1..]);
        Length = 4;
    }

    public int Length { get; private set; }

    public bool Add(ushort code, scoped ReadOnlySpan<byte> value)
    {
        if (OptionHeaderLength + value.Length > _message.Length - Length)
            return false;

        WriteHeader(code, value.Length);
        value.CopyTo(_message[Length..]);
        Length += value.Length;
        return true;
    }

    public void AddStatus(Dhcpv6Status status)
    {
        Span<byte> value = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(value, (ushort)status);
        Add(Dhcpv6OptionCode.StatusCode, value);
    }

    /// <summary>Opens an identity association; the options added next lie in it until <see cref="EndIa"/>.</summary>
    /// <returns>A mark for <see cref="EndIa"/>; -1 when there is no room.</returns>
    public int BeginIa(scoped ReadOnlySpan<byte> iaid, TimeSpan renewal, TimeSpan rebinding)
    {
        if (OptionHeaderLength + IaHeaderLength > _message.Length - Length)
            return -1;

        int start = Length;
        WriteHeader(Dhcpv6OptionCode.IaNa, IaHeaderLength);
        iaid.CopyTo(_message[Length..]);
        BinaryPrimitives.WriteUInt32BigEndian(_message[(Length + 4)..], (uint)renewal.TotalSeconds);
        BinaryPrimitives.WriteUInt32BigEndian(_message[(Length + 8)..], (uint)rebinding.TotalSeconds);
        Length += IaHeaderLength;
        return start;
    }

    public readonly void EndIa(int mark) =>
        BinaryPrimitives.WriteUInt16BigEndian(_message[(mark + 2)..], (ushort)(Length - mark - OptionHeaderLength));

    public void AddAddress(scoped ReadOnlySpan<byte> address, TimeSpan lifetime)
    {
        Span<byte> value = stackalloc byte[24];
        address.CopyTo(value);
        BinaryPrimitives.WriteUInt32BigEndian(value[16..], (uint)lifetime.TotalSeconds);
        BinaryPrimitives.WriteUInt32BigEndian(value[20..], (uint)lifetime.TotalSeconds);
        Add(Dhcpv6OptionCode.IaAddress, value);
    }

    private void WriteHeader(ushort code, int length)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_message[Length..], code);
        BinaryPrimitives.WriteUInt16BigEndian(_message[(Length + 2)..], (ushort)length);
        Length += OptionHeaderLength;
    }
}
