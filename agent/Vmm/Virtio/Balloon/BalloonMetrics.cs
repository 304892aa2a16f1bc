namespace Appliance.Vmm.Virtio.Balloon;

/// <summary>Counts since the device was made; written under its lock.</summary>
internal sealed class BalloonMetrics
{
    /// <summary>Pages of 4 KiB that the guest gave up.</summary>
    public long InflatedPages;

    public long DeflatedPages;

    /// <summary>Bytes of free memory that the guest reported without giving it up.</summary>
    public long ReportedBytes;

    /// <summary>Times that the guest told its statistics.</summary>
    public long Statistics;

    /// <summary>Gives each count with its name in the control protocol.</summary>
    public void Read(Action<string, long> read)
    {
        read("inflatedPages", InflatedPages);
        read("deflatedPages", DeflatedPages);
        read("reportedBytes", ReportedBytes);
        read("statistics", Statistics);
    }
}
