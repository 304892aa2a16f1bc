using System.Buffers.Binary;
using Appliance.Agent.Addresses;

namespace Appliance.Agent.Network.Dhcp;

/// <summary>A client's message, RFC 2131 §2: fields and the options this server reads. A view of the guest's bytes, all bounds checked.</summary>
internal readonly ref struct DhcpRequest
{
    /// <summary>Length of the fixed fields and the magic cookie.</summary>
    public const int HeaderLength = 240;

    public const uint MagicCookie = 0x63825363;

    private const byte BootRequest = 1;
    private const byte Ethernet = 1;

    public DhcpMessageType Type { get; private init; }

    public uint TransactionId { get; private init; }

    public ushort Flags { get; private init; }

    /// <summary>The address the client uses already; 0: none.</summary>
    public uint ClientAddress { get; private init; }

    public uint RelayAddress { get; private init; }

    public MacAddress ClientMac { get; private init; }

    /// <summary>Option 50; 0: absent.</summary>
    public uint RequestedAddress { get; private init; }

    /// <summary>Option 54; 0: absent.</summary>
    public uint ServerIdentifier { get; private init; }

    /// <summary>Option 57: the largest datagram the client takes, IP header included; 0: absent.</summary>
    public int MaxMessageSize { get; private init; }

    /// <summary>Option 55: codes of the options wanted, in the client's order; empty: absent.</summary>
    public ReadOnlySpan<byte> ParameterRequestList { get; private init; }

    /// <summary>Option 61; empty: absent.</summary>
    public ReadOnlySpan<byte> ClientIdentifier { get; private init; }

    public bool WantsBroadcast => (Flags & 0x8000) != 0;

    /// <returns>False for anything but a well-formed DHCP request of an Ethernet client.</returns>
    public static bool TryParse(ReadOnlySpan<byte> message, out DhcpRequest request)
    {
        request = default;
        if (message.Length < HeaderLength || message[0] != BootRequest || message[1] != Ethernet || message[2] != MacAddress.Length)
            return false;
        if (BinaryPrimitives.ReadUInt32BigEndian(message[236..]) != MagicCookie)
            return false;

        var options = new OptionSet();
        if (!options.TryRead(message[HeaderLength..]) || options.Type == DhcpMessageType.None)
            return false;

        request = new DhcpRequest
        {
            Type = options.Type,
            TransactionId = BinaryPrimitives.ReadUInt32BigEndian(message[4..]),
            Flags = BinaryPrimitives.ReadUInt16BigEndian(message[10..]),
            ClientAddress = BinaryPrimitives.ReadUInt32BigEndian(message[12..]),
            RelayAddress = BinaryPrimitives.ReadUInt32BigEndian(message[24..]),
            ClientMac = MacAddress.Read(message[28..]),
            RequestedAddress = options.RequestedAddress,
            ServerIdentifier = options.ServerIdentifier,
            MaxMessageSize = options.MaxMessageSize,
            ParameterRequestList = options.ParameterRequestList,
            ClientIdentifier = options.ClientIdentifier,
        };
        return true;
    }

    private ref struct OptionSet
    {
        public DhcpMessageType Type;
        public uint RequestedAddress;
        public uint ServerIdentifier;
        public int MaxMessageSize;
        public ReadOnlySpan<byte> ParameterRequestList;
        public ReadOnlySpan<byte> ClientIdentifier;

        /// <returns>False when an option claims more bytes than there are. A missing end option is forgiven, as dnsmasq does.</returns>
        public bool TryRead(ReadOnlySpan<byte> options)
        {
            while (!options.IsEmpty && options[0] != DhcpOptionCode.End)
            {
                if (options[0] == DhcpOptionCode.Pad)
                {
                    options = options[1..];
                    continue;
                }

                if (options.Length < 2 || options[1] > options.Length - 2)
                    return false;
                Take(options[0], options.Slice(2, options[1]));
                options = options[(2 + options[1])..];
            }

            return true;
        }

        private void Take(byte code, ReadOnlySpan<byte> value)
        {
            switch (code)
            {
                case DhcpOptionCode.MessageType when value.Length == 1:
                    Type = (DhcpMessageType)value[0];
                    break;
                case DhcpOptionCode.RequestedAddress when value.Length == 4:
                    RequestedAddress = BinaryPrimitives.ReadUInt32BigEndian(value);
                    break;
                case DhcpOptionCode.ServerIdentifier when value.Length == 4:
                    ServerIdentifier = BinaryPrimitives.ReadUInt32BigEndian(value);
                    break;
                case DhcpOptionCode.MaxMessageSize when value.Length == 2:
                    MaxMessageSize = BinaryPrimitives.ReadUInt16BigEndian(value);
                    break;
                case DhcpOptionCode.ParameterRequestList:
                    ParameterRequestList = value;
                    break;
                case DhcpOptionCode.ClientIdentifier:
                    ClientIdentifier = value;
                    break;
                default:
                    break;
            }
        }
    }
}
