using Appliance.Vmm.Snapshots;

namespace Appliance.Vmm.Virtio;

/// <summary>Device initialization as both transports show it, Virtio 1.2 §3.1: status, features, the selected queue. The device's Gate is held for every member.</summary>
internal sealed class VirtioNegotiation(VirtioDevice device)
{
    private ulong _driverFeatures;
    private byte _status;

    public uint DeviceFeatureSelect { get; set; }

    public uint DriverFeatureSelect { get; set; }

    public ushort QueueSelect { get; set; }

    public VirtioDevice Device => device;

    /// <summary>Null when the driver selected a queue that does not exist: such registers read as 0 and ignore writes.</summary>
    public VirtQueue? Queue => QueueSelect < device.Queues.Length ? device.Queues[QueueSelect] : null;

    /// <summary>As <see cref="Queue"/>, while the driver may still change it.</summary>
    public VirtQueue? ChangeableQueue => (_status & VirtioConstants.DRIVER_OK) == 0 && Queue is { IsEnabled: false } queue ? queue : null;

    public byte Status => (byte)(_status | (device.NeedsReset ? VirtioConstants.DEVICE_NEEDS_RESET : 0));

    /// <summary>32 bits of what the device offers.</summary>
    public uint DeviceFeatures => Half(device.OfferedFeatures, DeviceFeatureSelect);

    /// <summary>32 bits of what the driver accepts; writable until FEATURES_OK.</summary>
    public uint DriverFeatures
    {
        get => Half(_driverFeatures, DriverFeatureSelect);
        set
        {
            if ((_status & VirtioConstants.FEATURES_OK) != 0 || DriverFeatureSelect > 1)
                return;
            int shift = (int)DriverFeatureSelect * 32;
            _driverFeatures = (_driverFeatures & ~(0xFFFF_FFFFUL << shift)) | ((ulong)value << shift);
        }
    }

    /// <summary>The driver's write of the status register: 0 resets, other writes can only add bits.</summary>
    public void SetStatus(byte value)
    {
        if (value == 0)
        {
            Reset();
            return;
        }

        int added = value & ~_status;
        if ((added & VirtioConstants.FEATURES_OK) != 0 && !AreFeaturesAcceptable)
            value &= unchecked((byte)~VirtioConstants.FEATURES_OK);
        bool starts = (added & VirtioConstants.DRIVER_OK) != 0;
        if (starts && ((_status | value) & VirtioConstants.FEATURES_OK) == 0)
            return;                                     // §3.1.1: no driver may skip negotiation

        _status |= (byte)(value & ~VirtioConstants.DEVICE_NEEDS_RESET);
        if (starts)
            device.Activate(_driverFeatures);
    }

    public void Reset()
    {
        device.Reset();
        _driverFeatures = 0;
        _status = 0;
        QueueSelect = 0;
        DeviceFeatureSelect = DriverFeatureSelect = 0;
    }

    public void Save(StateWriter writer)
    {
        writer.Put(_driverFeatures);
        writer.Put(_status);
        writer.Put(DeviceFeatureSelect);
        writer.Put(DriverFeatureSelect);
        writer.Put(QueueSelect);
    }

    public void Restore(ref StateSection state)
    {
        _driverFeatures = state.Take<ulong>();
        _status = state.Take<byte>();
        DeviceFeatureSelect = state.Take<uint>();
        DriverFeatureSelect = state.Take<uint>();
        QueueSelect = state.Take<ushort>();
    }

    // Legacy drivers, which do not know VERSION_1, would misread every structure.
    private bool AreFeaturesAcceptable =>
        (_driverFeatures & ~device.OfferedFeatures) == 0 && (_driverFeatures & VirtioConstants.Bit(VirtioConstants.VIRTIO_F_VERSION_1)) != 0;

    private static uint Half(ulong features, uint select) => select switch
    {
        0 => (uint)features,
        1 => (uint)(features >> 32),
        _ => 0,
    };
}
