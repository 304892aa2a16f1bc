using System.Runtime.InteropServices;
using Appliance.Vmm.Bus;
using Appliance.Vmm.Snapshots;

namespace Appliance.Vmm.Virtio.Pci;

/// <summary><c>struct virtio_pci_common_cfg</c>, Virtio 1.2 §4.1.4.3.</summary>
internal sealed class VirtioPciCommon(VirtioDevice device, int queueCount)
{
    private const ushort VIRTIO_MSI_NO_VECTOR = 0xFFFF;

    private readonly VirtioNegotiation _negotiation = new(device);
    private readonly ushort[] _queueVectors = NoVectors(queueCount);
    private ushort _configurationVector = VIRTIO_MSI_NO_VECTOR;
    private byte _generation;

    /// <summary>Vectors that the driver chose; one that does not exist for none.</summary>
    public int ConfigurationVector => Volatile.Read(ref _configurationVector);

    public int QueueVector(int queue) => Volatile.Read(ref _queueVectors[queue]);

    public void CountConfiguration() => _generation++;

    /// <summary>Any width: fields are at most 8 bytes, and drivers may read an 8-byte field in halves.</summary>
    public void Read(ulong offset, Span<byte> data)
    {
        lock (device.Gate)
        {
            ulong field = FieldOf(offset);
            Registers.Put(data, Get(field) >> (int)(8 * (offset - field)));
        }
    }

    public void Write(ulong offset, ReadOnlySpan<byte> data)
    {
        lock (device.Gate)
            Set(offset, data.Length, Registers.Get(data));
    }

    public void Save(StateWriter writer)
    {
        _negotiation.Save(writer);
        writer.Put(_configurationVector);
        writer.Put(_generation);
        writer.PutBlock(MemoryMarshal.AsBytes<ushort>(_queueVectors));
    }

    public void Restore(ref StateSection state)
    {
        _negotiation.Restore(ref state);
        _configurationVector = state.Take<ushort>();
        _generation = state.Take<byte>();
        state.TakeInto(MemoryMarshal.AsBytes(_queueVectors.AsSpan()));
    }

    private ulong Get(ulong field) => field switch
    {
        0x00 => _negotiation.DeviceFeatureSelect,
        0x04 => _negotiation.DeviceFeatures,
        0x08 => _negotiation.DriverFeatureSelect,
        0x0C => _negotiation.DriverFeatures,
        0x10 => _configurationVector,
        0x12 => (ulong)device.Queues.Length,
        0x14 => _negotiation.Status,
        0x15 => _generation,
        0x16 => _negotiation.QueueSelect,
        0x18 => _negotiation.Queue?.Size ?? 0u,
        0x1A => _negotiation.Queue is null ? VIRTIO_MSI_NO_VECTOR : _queueVectors[_negotiation.QueueSelect],
        0x1C => _negotiation.Queue is { IsEnabled: true } ? 1u : 0,
        0x1E => _negotiation.QueueSelect,               // notify offset: a queue's own number
        0x20 => _negotiation.Queue?.DescriptorArea ?? 0,
        0x28 => _negotiation.Queue?.DriverArea ?? 0,
        0x30 => _negotiation.Queue?.DeviceArea ?? 0,
        _ => 0,
    };

    private void Set(ulong offset, int length, ulong value)
    {
        switch (offset, length)
        {
            case (0x00, 4): _negotiation.DeviceFeatureSelect = (uint)value; break;
            case (0x08, 4): _negotiation.DriverFeatureSelect = (uint)value; break;
            case (0x0C, 4): _negotiation.DriverFeatures = (uint)value; break;
            case (0x10, 2): Volatile.Write(ref _configurationVector, CheckVector(value)); break;
            case (0x14, 1): SetStatus((byte)value); break;
            case (0x16, 2): _negotiation.QueueSelect = (ushort)value; break;
            case (0x1A, 2) when _negotiation.Queue is not null:
                Volatile.Write(ref _queueVectors[_negotiation.QueueSelect], CheckVector(value));
                break;
            default: SetQueue(offset, length, value); break;
        }
    }

    private void SetQueue(ulong offset, int length, ulong value)
    {
        if (_negotiation.ChangeableQueue is not { } queue)
            return;
        switch (offset, length)
        {
            case (0x18, 2): queue.Size = (ushort)value; break;
            case (0x1C, 2): queue.IsEnabled = value == 1; break;        // §4.1.4.3.2: only 1 may be written
            case ( >= 0x20 and < 0x28, _): queue.DescriptorArea = Merge(queue.DescriptorArea, offset - 0x20, length, value); break;
            case ( >= 0x28 and < 0x30, _): queue.DriverArea = Merge(queue.DriverArea, offset - 0x28, length, value); break;
            case ( >= 0x30 and < 0x38, _): queue.DeviceArea = Merge(queue.DeviceArea, offset - 0x30, length, value); break;
        }
    }

    private void SetStatus(byte value)
    {
        _negotiation.SetStatus(value);
        if (value != 0)
            return;
        _configurationVector = VIRTIO_MSI_NO_VECTOR;
        Array.Fill(_queueVectors, VIRTIO_MSI_NO_VECTOR);
    }

    // §4.1.5.1.2.1: a vector that cannot be mapped reads back as "no vector".
    private ushort CheckVector(ulong value) => value <= (ulong)queueCount ? (ushort)value : VIRTIO_MSI_NO_VECTOR;

    private static ulong Merge(ulong field, ulong at, int length, ulong value)
    {
        if (length is not (4 or 8) || at % (ulong)length != 0)
            return field;
        return length == 8 ? value : (field & ~(0xFFFF_FFFFUL << (int)(8 * at))) | (value << (int)(8 * at));
    }

    // Start of the field that an offset lies in.
    private static ulong FieldOf(ulong offset) => offset switch
    {
        < 0x10 => offset & ~3UL,
        < 0x14 => offset & ~1UL,
        < 0x16 => offset,
        < 0x20 => offset & ~1UL,
        _ => offset & ~7UL,
    };

    private static ushort[] NoVectors(int count)
    {
        var vectors = new ushort[count];
        Array.Fill(vectors, VIRTIO_MSI_NO_VECTOR);
        return vectors;
    }
}
