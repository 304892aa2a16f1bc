using System.Runtime.CompilerServices;
using Appliance.Linux.Uring;

namespace Appliance.Vmm.Virtio;

/// <summary>
/// The buffers of one direction of a descriptor chain, as addresses in this process. The list is the VMM's own copy, checked when the chain was
/// taken; the bytes are the guest's, which may change them at any moment. A driver may cut a message into buffers as it likes (§2.7.4), so a
/// device takes bytes from the list, whatever the cuts.
/// </summary>
internal unsafe struct BufferList(iovec* vectors, int count, uint bytes)
{
    private iovec* _vectors = vectors;

    /// <summary>Buffers left.</summary>
    public int Count { get; private set; } = count;

    /// <summary>Bytes left in all buffers.</summary>
    public uint Bytes { get; private set; } = bytes;

    /// <summary>The buffers left, for readv and writev; valid as long as the chain is.</summary>
    public readonly iovec* Vectors => _vectors;

    /// <summary>Copies out of the buffers and moves on; false, and nothing done, when fewer bytes are left.</summary>
    public bool TryTake(Span<byte> target)
    {
        if ((uint)target.Length > Bytes)
            return false;
        while (!target.IsEmpty)
        {
            int part = (int)Math.Min((uint)target.Length, _vectors->iov_len);
            // SAFETY: iov_base..iov_len was found inside guest RAM, which stays mapped.
            new ReadOnlySpan<byte>(_vectors->iov_base, part).CopyTo(target);
            target = target[part..];
            Advance((uint)part);
        }

        return true;
    }

    /// <summary>Copies a value out; false when fewer bytes are left.</summary>
    public bool TryTake<T>(out T value) where T : unmanaged
    {
        Unsafe.SkipInit(out value);
        fixed (T* pointer = &value)
            return TryTake(new Span<byte>(pointer, sizeof(T)));
    }

    /// <summary>Copies into the buffers and moves on; false, and nothing done, when fewer bytes are left.</summary>
    public bool TryPut(ReadOnlySpan<byte> source)
    {
        if ((uint)source.Length > Bytes)
            return false;
        while (!source.IsEmpty)
        {
            int part = (int)Math.Min((uint)source.Length, _vectors->iov_len);
            // SAFETY: as in TryTake.
            source[..part].CopyTo(new Span<byte>(_vectors->iov_base, part));
            source = source[part..];
            Advance((uint)part);
        }

        return true;
    }

    /// <summary>The next buffer, or what is left of it; empty when none is left.</summary>
    public readonly Span<byte> Next => Count == 0 ? default : new Span<byte>(_vectors->iov_base, (int)Math.Min(_vectors->iov_len, int.MaxValue));

    /// <summary>Moves on without copying; at most <see cref="Bytes"/>.</summary>
    public void Skip(uint bytes)
    {
        while (bytes > 0 && Count > 0)
        {
            uint part = (uint)Math.Min(bytes, _vectors->iov_len);
            Advance(part);
            bytes -= part;
        }
    }

    /// <summary>Takes the last byte away from the list; false when it is empty.</summary>
    public bool TryTakeLast(out byte* last)
    {
        last = null;
        if (Count == 0)
            return false;
        var vector = _vectors + (Count - 1);
        last = (byte*)vector->iov_base + (vector->iov_len - 1);
        vector->iov_len--;
        Bytes--;
        if (vector->iov_len == 0)
            Count--;
        return true;
    }

    private void Advance(uint part)
    {
        _vectors->iov_base = (byte*)_vectors->iov_base + part;
        _vectors->iov_len -= part;
        Bytes -= part;
        if (_vectors->iov_len == 0)
        {
            _vectors++;
            Count--;
        }
    }
}
