using System.Buffers.Binary;

namespace Appliance.Agent.Network.Dhcpv6;

/// <summary>A client's message, RFC 8415 §8, checked as §16 demands. A view of the guest's bytes.</summary>
internal readonly ref struct Dhcpv6Request
{
    private const int HeaderLength = 4;

    /// <summary>RFC 8415 §11.1: a DUID is at most 130 bytes with its type. Longer ones would let a guest choose the size of answers.</summary>
    private const int MaxDuidLength = 130;

    public Dhcpv6MessageType Type { get; private init; }

    /// <summary>Three bytes.</summary>
    public ReadOnlySpan<byte> TransactionId { get; private init; }

    /// <summary>Empty only in an information request.</summary>
    public ReadOnlySpan<byte> ClientIdentifier { get; private init; }

    /// <summary>Codes wanted, two bytes each; empty: not said.</summary>
    public ReadOnlySpan<byte> OptionRequest { get; private init; }

    public bool RapidCommit { get; private init; }

    /// <summary>All options, for the identity associations.</summary>
    public ReadOnlySpan<byte> Options { get; private init; }

    /// <returns>False for what is not a client's message or not meant for this server.</returns>
    public static bool TryParse(ReadOnlySpan<byte> message, ReadOnlySpan<byte> serverIdentifier, out Dhcpv6Request request)
    {
        request = default;
        if (message.Length < HeaderLength)
            return false;

        var type = (Dhcpv6MessageType)message[0];
        var options = message[HeaderLength..];
        var client = Dhcpv6Options.Find(options, Dhcpv6OptionCode.ClientIdentifier, out bool hasClient);
        var server = Dhcpv6Options.Find(options, Dhcpv6OptionCode.ServerIdentifier, out bool hasServer);
        bool isForMe = type switch
        {
            Dhcpv6MessageType.Solicit or Dhcpv6MessageType.Confirm or Dhcpv6MessageType.Rebind => hasClient && !hasServer,
            Dhcpv6MessageType.Request or Dhcpv6MessageType.Renew or Dhcpv6MessageType.Release or Dhcpv6MessageType.Decline =>
                hasClient && hasServer && server.SequenceEqual(serverIdentifier),
            Dhcpv6MessageType.InformationRequest => !hasServer || server.SequenceEqual(serverIdentifier),
            _ => false,
        };
        if (!isForMe || client.Length > MaxDuidLength || (hasClient && client.IsEmpty))
            return false;

        Dhcpv6Options.Find(options, Dhcpv6OptionCode.RapidCommit, out bool rapidCommit);
        request = new Dhcpv6Request
        {
            Type = type,
            TransactionId = message.Slice(1, 3),
            ClientIdentifier = client,
            OptionRequest = Dhcpv6Options.Find(options, Dhcpv6OptionCode.OptionRequest, out _),
            RapidCommit = rapidCommit,
            Options = options,
        };
        return true;
    }

    /// <summary>Whether the client asked for an option; a client that asked for none in particular gets all.</summary>
    public bool Wants(ushort code)
    {
        for (var codes = OptionRequest; codes.Length >= 2; codes = codes[2..])
        {
            if (BinaryPrimitives.ReadUInt16BigEndian(codes) == code)
                return true;
        }

        return OptionRequest.IsEmpty;
    }
}
