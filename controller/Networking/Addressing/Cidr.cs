namespace Appliance.Controller.Networking.Addressing;

/// <summary>A prefix such as <c>10.5.0.0/24</c>. <paramref name="Address"/> keeps host bits as they were written.</summary>
internal readonly record struct Cidr(Ip Address, int PrefixLength)
{
    public int Version => Address.Version;

    /// <summary>The first address, with all host bits zero.</summary>
    public Ip First => Address with { Value = Address.Value & ~HostMask };

    /// <summary>The last address, with all host bits one: the broadcast address of an IPv4 subnet.</summary>
    public Ip Last => Address with { Value = Address.Value | HostMask };

    public bool HasHostBits => Address != First;

    private UInt128 HostMask
    {
        get
        {
            var hostBits = Address.Bits - PrefixLength;
            return hostBits == 128 ? UInt128.MaxValue : (UInt128.One << hostBits) - 1;
        }
    }

    /// <summary>Address, slash, prefix length in decimal; an IPv4 net mask is accepted as netaddr does.</summary>
    public static bool TryParse(string? text, out Cidr cidr)
    {
        cidr = default;
        var slash = text?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        if (slash < 0 || !Ip.TryParse(text![..slash], out var address))
            return false;
        if (!int.TryParse(text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var length) || length > address.Bits)
            return false;
        cidr = new Cidr(address, length);
        return true;
    }

    public static Cidr Parse(string text) => TryParse(text, out var cidr) ? cidr : throw new FormatException($"'{text}' is not a CIDR");

    public bool Contains(Ip ip) => ip.Version == Version && ip >= First && ip <= Last;
    public bool Overlaps(Cidr other) => other.Version == Version && First <= other.Last && other.First <= Last;

    /// <summary>The prefix without host bits.</summary>
    public Cidr Canonical => this with { Address = First };

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Address}/{PrefixLength}");
}

/// <summary>Addresses from <paramref name="Start"/> to <paramref name="End"/>, both included.</summary>
internal readonly record struct AddressRange(Ip Start, Ip End)
{
    /// <summary>Number of addresses; saturates at the largest number for all of IPv6.</summary>
    public UInt128 Size => End.Value - Start.Value == UInt128.MaxValue ? UInt128.MaxValue : End.Value - Start.Value + 1;

    public bool Contains(Ip ip) => ip.Version == Start.Version && ip >= Start && ip <= End;
    public bool Overlaps(AddressRange other) => Start <= other.End && other.Start <= End;

    /// <summary>As netaddr prints an <c>IPRange</c>, which Neutron's messages quote.</summary>
    public override string ToString() => $"{Start}-{End}";
}
