using Appliance.Linux.Kvm;
using Appliance.Linux.Libc;
using Appliance.Vmm.Bus;
using Appliance.Vmm.Snapshots;

namespace Appliance.Vmm.Virtio.Mmio;

/// <summary>Virtio over memory-mapped registers, Virtio 1.2 §4.2, version 2. Costs two more exits per interrupt than PCI (status, acknowledge).</summary>
internal sealed class VirtioMmio(VirtioDevice device, EventFd interrupt) : IBusDevice, IVirtioTransport
{
    public const ulong RegistersBytes = 0x200;

    private const uint MagicValue = 0x7472_6976;        // "virt"
    private const uint Version = 2;
    private const uint VendorId = 0x4C50_5041;          // "APPL"

    private const uint UsedBufferInterrupt = 1;
    private const uint ConfigurationInterrupt = 2;

    private const ulong ConfigurationSpace = 0x100;
    private const ulong QueueNotify = 0x50;

    private const ushort StateVersion = 1;
    private static readonly uint StateTag = StateFormat.Tag("MMIO"u8);

    private readonly VirtioNegotiation _negotiation = new(device);
    private uint _interruptStatus;
    private uint _configurationGeneration;

    public VirtioDevice Device => device;

    /// <summary>Turns notifications into events that the kernel signals by itself.</summary>
    /// <param name="address">Of the registers.</param>
    public void AttachNotify(KvmMachine machine, ulong address)
    {
        for (int i = 0; i < device.Queues.Length; i++)
            _ = machine.AttachNotify(device.Queues[i].Notify, address + QueueNotify, 4, match: (ulong)i);
    }

    public void UsedBuffers(int queue) => Raise(UsedBufferInterrupt);

    public void ConfigurationChanged()
    {
        Interlocked.Increment(ref _configurationGeneration);
        Raise(ConfigurationInterrupt);
    }

    public void Read(ulong offset, Span<byte> data)
    {
        lock (device.Gate)
        {
            if (offset >= ConfigurationSpace)
                device.ReadConfiguration(offset - ConfigurationSpace, data);
            else
                Registers.Put(data, data.Length == 4 && offset % 4 == 0 ? ReadRegister(offset) : 0);
        }
    }

    public void Write(ulong offset, ReadOnlySpan<byte> data)
    {
        lock (device.Gate)
        {
            if (offset >= ConfigurationSpace)
                device.WriteConfiguration(offset - ConfigurationSpace, data);
            else if (data.Length == 4 && offset % 4 == 0)
                WriteRegister(offset, (uint)Registers.Get(data));
        }
    }

    public void Save(StateWriter writer, uint instance)
    {
        writer.Begin(StateTag, instance, StateVersion);
        _negotiation.Save(writer);
        writer.Put(_interruptStatus);
        writer.Put(_configurationGeneration);
    }

    public void Restore(StateReader reader, uint instance)
    {
        var state = reader.Get(StateTag, instance, StateVersion);
        _negotiation.Restore(ref state);
        _interruptStatus = state.Take<uint>();
        _configurationGeneration = state.Take<uint>();
    }

    private uint ReadRegister(ulong offset) => offset switch
    {
        0x000 => MagicValue,
        0x004 => Version,
        0x008 => device.Type,
        0x00C => VendorId,
        0x010 => _negotiation.DeviceFeatures,
        0x034 => _negotiation.Queue?.MaxSize ?? 0u,
        0x044 => _negotiation.Queue is { IsEnabled: true } ? 1u : 0,
        0x060 => Volatile.Read(ref _interruptStatus),
        0x070 => _negotiation.Status,
        0x0B0 or 0x0B4 => uint.MaxValue,                // shared memory regions: none
        0x0FC => Volatile.Read(ref _configurationGeneration),
        _ => 0,
    };

    private void WriteRegister(ulong offset, uint value)
    {
        switch (offset)
        {
            case 0x014: _negotiation.DeviceFeatureSelect = value; break;
            case 0x020: _negotiation.DriverFeatures = value; break;
            case 0x024: _negotiation.DriverFeatureSelect = value; break;
            case 0x030: _negotiation.QueueSelect = (ushort)Math.Min(value, ushort.MaxValue); break;
            case QueueNotify when value < device.Queues.Length: device.Queues[value].Notify.Signal(); break;
            case 0x064: Interlocked.And(ref _interruptStatus, ~value); break;
            case 0x070: SetStatus(value); break;
            default: WriteQueueRegister(offset, value); break;
        }
    }

    private void WriteQueueRegister(ulong offset, uint value)
    {
        if (_negotiation.ChangeableQueue is not { } queue)
            return;
        switch (offset)
        {
            case 0x038: queue.Size = (ushort)Math.Min(value, ushort.MaxValue); break;
            case 0x044: queue.IsEnabled = (value & 1) != 0; break;
            case 0x080: queue.DescriptorArea = Low(queue.DescriptorArea, value); break;
            case 0x084: queue.DescriptorArea = High(queue.DescriptorArea, value); break;
            case 0x090: queue.DriverArea = Low(queue.DriverArea, value); break;
            case 0x094: queue.DriverArea = High(queue.DriverArea, value); break;
            case 0x0A0: queue.DeviceArea = Low(queue.DeviceArea, value); break;
            case 0x0A4: queue.DeviceArea = High(queue.DeviceArea, value); break;
        }
    }

    private void SetStatus(uint value)
    {
        _negotiation.SetStatus((byte)value);
        if (value == 0)
            Volatile.Write(ref _interruptStatus, 0);
    }

    private void Raise(uint cause)
    {
        Interlocked.Or(ref _interruptStatus, cause);
        interrupt.Signal();
    }

    private static ulong Low(ulong address, uint value) => (address & 0xFFFF_FFFF_0000_0000) | value;

    private static ulong High(ulong address, uint value) => (address & 0xFFFF_FFFF) | ((ulong)value << 32);
}
