using System.Buffers.Binary;
using Appliance.Linux.Kvm;
using Appliance.Linux.Libc;
using Appliance.Vmm.Bus;
using Appliance.Vmm.Interrupts;
using Appliance.Vmm.Memory;
using Appliance.Vmm.Pci;
using Appliance.Vmm.Snapshots;

namespace Appliance.Vmm.Virtio.Pci;

/// <summary>
/// A virtio device as a PCI function, Virtio 1.2 §4.1, modern only. Everything is behind BAR 0: common configuration, ISR, device configuration,
/// notifications, MSI-X. Interrupts are MSI-X messages only: there is no pin, so a driver without MSI-X polls.
/// </summary>
internal sealed class VirtioPci : PciFunction, IVirtioTransport, IDisposable
{
    private const ushort VirtioVendor = 0x1AF4;
    private const ushort FirstModernDevice = 0x1040;

    // §4.1.4: cfg_type
    private const byte VendorCapability = 0x09;
    private const byte VIRTIO_PCI_CAP_COMMON_CFG = 1;
    private const byte VIRTIO_PCI_CAP_NOTIFY_CFG = 2;
    private const byte VIRTIO_PCI_CAP_ISR_CFG = 3;
    private const byte VIRTIO_PCI_CAP_DEVICE_CFG = 4;
    private const byte VIRTIO_PCI_CAP_PCI_CFG = 5;

    private const ushort StateVersion = 1;
    private static readonly uint StateTag = StateFormat.Tag("VPCI"u8);

    private readonly VirtioDevice _device;
    private readonly KvmMachine _machine;
    private readonly MsixVectors _vectors;
    private readonly VirtioPciCommon _common;
    private readonly PciAccessWindow _window;
    private readonly int _msixCapability;
    private readonly bool[] _notifyAttached;
    // Null while the kernel knows no address.
    private uint? _notifyAttachedAt;

    public VirtioPci(VirtioDevice device, KvmMachine machine, InterruptRouter router)
        : base(new PciConfigSpace(VirtioVendor, (ushort)(FirstModernDevice + device.Type), 1, ClassOf(device.Type), VirtioVendor, (ushort)(0x1100 + device.Type)), VirtioPciLayout.BarBytes)
    {
        _device = device;
        _machine = machine;
        _vectors = new MsixVectors(device.QueueCount + 1, router);
        _common = new VirtioPciCommon(device, device.QueueCount);
        _notifyAttached = new bool[device.QueueCount];
        AddPart(VIRTIO_PCI_CAP_COMMON_CFG, VirtioPciLayout.Common, 56);
        AddPart(VIRTIO_PCI_CAP_ISR_CFG, VirtioPciLayout.Isr, 1);
        AddPart(VIRTIO_PCI_CAP_DEVICE_CFG, VirtioPciLayout.Configuration, VirtioPciLayout.PartBytes);
        AddPart(VIRTIO_PCI_CAP_NOTIFY_CFG, VirtioPciLayout.Notify, VirtioPciLayout.PartBytes, VirtioPciLayout.NotifySpacing);
        _window = new PciAccessWindow(Configuration, AddPart(VIRTIO_PCI_CAP_PCI_CFG, 0, 0, 0), this);
        _msixCapability = Configuration.AddCapability(MsixVectors.CapabilityId, _vectors.Capability(VirtioPciLayout.MsixTable, VirtioPciLayout.MsixPending));
        Configuration.AllowWrites16(_msixCapability + 2, MsixVectors.WritableControl);
    }

    public VirtioDevice Device => _device;

    public void UsedBuffers(int queue) => _vectors.Signal(_common.QueueVector(queue));

    public void ConfigurationChanged()
    {
        _common.CountConfiguration();
        _vectors.Signal(_common.ConfigurationVector);
    }

    public override void ReadConfiguration(int offset, Span<byte> data)
    {
        _window.BeforeRead(offset);
        base.ReadConfiguration(offset, data);
    }

    public override void WriteConfiguration(int offset, ReadOnlySpan<byte> data)
    {
        base.WriteConfiguration(offset, data);
        _window.AfterWrite(offset);
        if (offset >= _msixCapability && offset < _msixCapability + 4)
            _vectors.SetControl(Configuration.Get16(_msixCapability + 2));
        MoveNotify();
    }

    public override void Read(ulong offset, Span<byte> data)
    {
        ulong inside = offset % VirtioPciLayout.PartBytes;
        switch ((uint)(offset - inside))
        {
            case VirtioPciLayout.Common: _common.Read(inside, data); break;
            case VirtioPciLayout.Isr: data.Clear(); break;            // only for interrupt pins
            case VirtioPciLayout.Configuration: ReadDeviceConfiguration(inside, data); break;
            case VirtioPciLayout.MsixTable: _vectors.ReadTable(inside, data); break;
            case VirtioPciLayout.MsixPending: _vectors.ReadPending(inside, data); break;
            default: data.Clear(); break;
        }
    }

    public override void Write(ulong offset, ReadOnlySpan<byte> data)
    {
        ulong inside = offset % VirtioPciLayout.PartBytes;
        switch ((uint)(offset - inside))
        {
            case VirtioPciLayout.Common: _common.Write(inside, data); break;
            case VirtioPciLayout.Configuration: WriteDeviceConfiguration(inside, data); break;
            case VirtioPciLayout.Notify: Notify(inside); break;
            case VirtioPciLayout.MsixTable: _vectors.WriteTable(inside, data); break;
        }
    }

    public void Save(StateWriter writer, uint instance)
    {
        writer.Begin(StateTag, instance, StateVersion);
        Span<byte> space = stackalloc byte[PciConfigSpace.Bytes];
        Configuration.Read(0, space);
        writer.PutBlock(space);
        _common.Save(writer);
        _vectors.Save(writer);
    }

    public void Restore(StateReader reader, uint instance)
    {
        var state = reader.Get(StateTag, instance, StateVersion);
        Span<byte> space = stackalloc byte[PciConfigSpace.Bytes];
        state.TakeInto(space);
        Configuration.Write(0, space);      // as a driver would: what is fixed is this function's own
        _common.Restore(ref state);
        _vectors.Restore(ref state, Configuration.Get16(_msixCapability + 2));
        MoveNotify();
    }

    public void Dispose()
    {
        DetachNotify();
        _vectors.Dispose();
    }

    // Class codes that help a person reading lspci; drivers go by the device id.
    private static uint ClassOf(ushort type) => type switch
    {
        VirtioConstants.VIRTIO_ID_NET => 0x02_00_00,
        VirtioConstants.VIRTIO_ID_BLOCK => 0x01_00_00,
        VirtioConstants.VIRTIO_ID_CONSOLE => 0x07_80_00,
        _ => 0xFF_00_00,
    };

    // struct virtio_pci_cap, §4.1.4: length, type, bar, id, padding, offset, length; then the field of its type.
    private int AddPart(byte type, uint offset, uint length, uint? extra = null)
    {
        byte[] body = new byte[extra is null ? 14 : 18];
        body[0] = (byte)(body.Length + 2);
        body[1] = type;
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(6), offset);
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(10), length);
        if (extra is { } value)
            BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(14), value);
        return Configuration.AddCapability(VendorCapability, body);
    }

    private void Notify(ulong inside)
    {
        ulong queue = inside / VirtioPciLayout.NotifySpacing;
        if (queue < (ulong)_device.Queues.Length)
            _device.Queues[queue].Notify.Signal();
    }

    private void ReadDeviceConfiguration(ulong offset, Span<byte> data)
    {
        lock (_device.Gate)
            _device.ReadConfiguration(offset, data);
    }

    private void WriteDeviceConfiguration(ulong offset, ReadOnlySpan<byte> data)
    {
        lock (_device.Gate)
            _device.WriteConfiguration(offset, data);
    }

    /// <summary>
    /// Keeps the kernel's notification addresses where the BAR is. A guest that puts two BARs at one place loses the short cut, not its VM:
    /// notifications then come as ordinary writes.
    /// </summary>
    private void MoveNotify()
    {
        if (BarAddress == _notifyAttachedAt)
            return;
        DetachNotify();
        if (BarAddress is not { } bar || bar < MemoryLayout.PciWindowStart || bar > MemoryLayout.PciWindowEnd - BarBytes)
            return;
        for (int i = 0; i < _device.Queues.Length; i++)
            _notifyAttached[i] = _machine.AttachNotify(_device.Queues[i].Notify, NotifyAddress(bar, i), 2) == Errno.None;
        _notifyAttachedAt = bar;
    }

    private void DetachNotify()
    {
        if (_notifyAttachedAt is not { } bar)
            return;
        for (int i = 0; i < _device.Queues.Length; i++)
        {
            if (_notifyAttached[i])
                _ = _machine.DetachNotify(_device.Queues[i].Notify, NotifyAddress(bar, i), 2);
        }

        _notifyAttachedAt = null;
    }

    private static ulong NotifyAddress(uint bar, int queue) => bar + VirtioPciLayout.Notify + (ulong)queue * VirtioPciLayout.NotifySpacing;
}
