namespace Appliance.Vmm.Virtio.Pci;

/// <summary>Where the parts of <see cref="VirtioPci"/> lie behind BAR 0; the driver reads it from the capabilities.</summary>
internal static class VirtioPciLayout
{
    public const uint BarBytes = 0x8000;
    public const uint PartBytes = 0x1000;

    public const uint Common = 0x0000;
    public const uint Isr = 0x1000;
    public const uint Configuration = 0x2000;
    public const uint Notify = 0x3000;
    public const uint MsixTable = 0x4000;
    public const uint MsixPending = 0x5000;

    /// <summary>Bytes between the notification addresses of two queues.</summary>
    public const uint NotifySpacing = 4;
}
