namespace Appliance.Linux.Netlink.Nftables;

/// <summary>Bytes that are equal when their contents are.</summary>
internal readonly struct NftBytes(byte[] bytes) : IEquatable<NftBytes>
{
    private readonly byte[]? _bytes = bytes;

    public ReadOnlySpan<byte> Span => _bytes;

    public bool Equals(NftBytes other) => Span.SequenceEqual(other.Span);

    public override bool Equals(object? obj) => obj is NftBytes other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Span);
        return hash.ToHashCode();
    }

    public override string ToString() => Convert.ToHexString(Span);
}
