using System.Buffers.Binary;
using Appliance.Linux.Libc;
using Appliance.Vmm.Bus;
using Appliance.Vmm.Interrupts;
using Appliance.Vmm.Snapshots;

namespace Appliance.Vmm.Pci;

/// <summary>
/// MSI-X of one function, PCI Local Bus 3.0 §6.8.2: the table of messages, which the guest's kernel fills in, and the pending bits. A vector that
/// is not masked is a KVM route: signalling it is one write to an eventfd.
/// </summary>
internal sealed class MsixVectors : IDisposable
{
    public const byte CapabilityId = 0x11;
    public const int EntryBytes = 16;

    private const ushort ControlEnable = 1 << 15;
    private const ushort ControlMaskAll = 1 << 14;
    private const uint VectorMasked = 1;

    private readonly Lock _gate = new();
    private readonly InterruptRouter _router;
    private readonly Vector[] _vectors;
    private ushort _control;

    private sealed class Vector : IDisposable
    {
        public readonly EventFd Event = new();
        public readonly byte[] Entry = new byte[EntryBytes];
        public uint Gsi;
        public bool IsPending;

        public bool IsMasked => (BinaryPrimitives.ReadUInt32LittleEndian(Entry.AsSpan(12)) & VectorMasked) != 0;

        public void Dispose() => Event.Dispose();
    }

    public MsixVectors(int count, InterruptRouter router)
    {
        _router = router;
        _vectors = new Vector[count];
        for (int i = 0; i < count; i++)
        {
            var vector = new Vector();
            vector.Gsi = router.AttachMessage(vector.Event);
            vector.Entry[12] = (byte)VectorMasked;      // §6.8.2.9: masked after reset
            _vectors[i] = vector;
        }
    }

    public int Count => _vectors.Length;

    public int TableBytes => _vectors.Length * EntryBytes;

    /// <summary>The capability's body; its control word is writable, see <see cref="SetControl"/>.</summary>
    public byte[] Capability(uint tableOffset, uint pendingOffset)
    {
        byte[] body = new byte[10];
        BinaryPrimitives.WriteUInt16LittleEndian(body, (ushort)(_vectors.Length - 1));
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(2), tableOffset);      // BAR 0
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(6), pendingOffset);
        return body;
    }

    /// <summary>Bits of the control word that the driver writes.</summary>
    public const ushort WritableControl = ControlEnable | ControlMaskAll;

    /// <summary>The driver wrote the capability's control word.</summary>
    public void SetControl(ushort control)
    {
        lock (_gate)
        {
            _control = control;
            foreach (var vector in _vectors)
                Update(vector);
        }
    }

    /// <summary>Raises a vector; while it is masked it only becomes pending. Vectors that do not exist (§4.1.5.1.2, "no vector") raise nothing.</summary>
    public void Signal(int index)
    {
        if ((uint)index >= (uint)_vectors.Length)
            return;
        var vector = _vectors[index];
        lock (_gate)
        {
            if ((_control & ControlEnable) == 0)
                return;
            if (IsOpen(vector))
                vector.Event.Signal();
            else
                vector.IsPending = true;
        }
    }

    public void ReadTable(ulong offset, Span<byte> data)
    {
        lock (_gate)
        {
            data.Clear();
            if (Find(offset, data.Length) is { } vector)
                vector.Entry.AsSpan((int)(offset % EntryBytes), data.Length).CopyTo(data);
        }
    }

    public void WriteTable(ulong offset, ReadOnlySpan<byte> data)
    {
        lock (_gate)
        {
            if (Find(offset, data.Length) is not { } vector)
                return;
            data.CopyTo(vector.Entry.AsSpan((int)(offset % EntryBytes)));
            Update(vector);
        }
    }

    /// <summary>The pending bit array: 64 vectors per 8 bytes.</summary>
    public void ReadPending(ulong offset, Span<byte> data)
    {
        lock (_gate)
        {
            for (int i = 0; i < data.Length; i++)
            {
                int bits = 0;
                for (int bit = 0; bit < 8; bit++)
                {
                    ulong index = (offset + (ulong)i) * 8 + (ulong)bit;
                    bits |= index < (ulong)_vectors.Length && _vectors[index].IsPending ? 1 << bit : 0;
                }

                data[i] = (byte)bits;
            }
        }
    }

    public void Save(StateWriter writer)
    {
        lock (_gate)
        {
            writer.Put((ushort)_vectors.Length);
            foreach (var vector in _vectors)
            {
                writer.PutBytes(vector.Entry);
                writer.Put(vector.IsPending);
            }
        }
    }

    /// <param name="control">The capability's control word, restored already.</param>
    public void Restore(ref StateSection state, ushort control)
    {
        if (state.Take<ushort>() != _vectors.Length)
            throw new SnapshotException("a function's state has another number of interrupts than the function");
        lock (_gate)
        {
            foreach (var vector in _vectors)
            {
                state.TakeBytes(EntryBytes).CopyTo(vector.Entry);
                vector.IsPending = state.Take<byte>() != 0;
            }
        }

        SetControl(control);
    }

    public void Dispose()
    {
        foreach (var vector in _vectors)
        {
            _router.ReleaseMessage(vector.Event, vector.Gsi);
            vector.Dispose();
        }
    }

    private bool IsOpen(Vector vector) => (_control & (ControlEnable | ControlMaskAll)) == ControlEnable && !vector.IsMasked;

    private Vector? Find(ulong offset, int length) =>
        offset < (ulong)TableBytes && offset % EntryBytes + (ulong)length <= EntryBytes ? _vectors[offset / EntryBytes] : null;

    private void Update(Vector vector)
    {
        if (!IsOpen(vector))
            return;
        _router.SetMessage(
            vector.Gsi, BinaryPrimitives.ReadUInt64LittleEndian(vector.Entry), BinaryPrimitives.ReadUInt32LittleEndian(vector.Entry.AsSpan(8)));
        if (!vector.IsPending)
            return;
        vector.IsPending = false;
        vector.Event.Signal();
    }
}
