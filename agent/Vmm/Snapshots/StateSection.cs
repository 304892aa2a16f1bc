using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Appliance.Vmm.Snapshots;

/// <summary>One part's saved state, taken from the front. State that ends too early is refused, never read beyond.</summary>
internal ref struct StateSection(ReadOnlySpan<byte> bytes, uint tag, ushort version)
{
    private ReadOnlySpan<byte> _left = bytes;

    /// <summary>The part's own; the reader branches on it.</summary>
    public ushort Version => version;

    public T Take<T>() where T : unmanaged => MemoryMarshal.Read<T>(TakeBytes(Unsafe.SizeOf<T>()));

    public ReadOnlySpan<byte> TakeBytes(int count)
    {
        if ((uint)count > (uint)_left.Length)
            throw new SnapshotException($"the state of {StateFormat.NameOf(tag)} is too short");
        var taken = _left[..count];
        _left = _left[count..];
        return taken;
    }

    /// <summary>Bytes with their number before them.</summary>
    public ReadOnlySpan<byte> TakeBlock()
    {
        uint count = Take<uint>();
        return TakeBytes((int)Math.Min(count, int.MaxValue));
    }

    /// <summary>As <see cref="TakeBlock"/>, of elements of one type.</summary>
    public ReadOnlySpan<T> TakeList<T>() where T : unmanaged
    {
        var block = TakeBlock();
        return block.Length % Unsafe.SizeOf<T>() == 0
            ? MemoryMarshal.Cast<byte, T>(block)
            : throw new SnapshotException($"the state of {StateFormat.NameOf(tag)} is cut wrongly");
    }

    /// <summary>A block that must fill a target.</summary>
    public void TakeInto(scoped Span<byte> target)
    {
        var block = TakeBlock();
        if (block.Length != target.Length)
            throw new SnapshotException($"the state of {StateFormat.NameOf(tag)} has {block.Length} bytes where {target.Length} belong");
        block.CopyTo(target);
    }

    public string TakeText() => Encoding.UTF8.GetString(TakeBlock());
}
