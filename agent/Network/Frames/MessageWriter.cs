namespace Appliance.Agent.Network.Frames;

/// <summary>Grows a message in network byte order; for what is built once and sent often.</summary>
internal sealed class MessageWriter
{
    private readonly List<byte> _bytes = [];

    public int Length => _bytes.Count;

    public void Bytes(params ReadOnlySpan<byte> bytes) => _bytes.AddRange(bytes);

    public void Number16(ushort value) => Bytes((byte)(value >> 8), (byte)value);

    public void Number32(uint value)
    {
        Number16((ushort)(value >> 16));
        Number16((ushort)value);
    }

    public void CopyTo(Span<byte> destination) => _bytes.CopyTo(destination);

    public byte[] ToArray() => [.. _bytes];
}
