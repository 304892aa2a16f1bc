using System.Runtime.InteropServices;

namespace Appliance.Vmm.Virtio.Vsock;

/// <summary>Bytes of the guest that its peer on the host does not take yet. Memory comes with the first byte and goes with the last.</summary>
internal sealed unsafe class VsockBacklog : IDisposable
{
    private byte* _bytes;
    private uint _first;

    public uint Count { get; private set; }

    /// <summary>The oldest bytes, as many as lie in a row.</summary>
    public ReadOnlySpan<byte> Oldest => new(_bytes + _first, (int)Math.Min(Count, VsockCredit.OwnBytes - _first));

    /// <summary>Adds bytes; the caller has checked that there is room.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bytes.Length, VsockCredit.OwnBytes - Count);
        if (_bytes == null)
            _bytes = (byte*)NativeMemory.Alloc(VsockCredit.OwnBytes);
        uint at = (_first + Count) % VsockCredit.OwnBytes;
        int part = (int)Math.Min((uint)bytes.Length, VsockCredit.OwnBytes - at);
        // SAFETY: at + part is at most the size of the ring, and the rest fits before at, for the length was checked.
        bytes[..part].CopyTo(new Span<byte>(_bytes + at, part));
        bytes[part..].CopyTo(new Span<byte>(_bytes, bytes.Length - part));
        Count += (uint)bytes.Length;
    }

    public void Remove(uint bytes)
    {
        Count -= bytes;
        _first = (_first + bytes) % VsockCredit.OwnBytes;
        if (Count == 0)
            Dispose();
    }

    public void Dispose()
    {
        NativeMemory.Free(_bytes);
        _bytes = null;
        _first = Count = 0;
    }
}
