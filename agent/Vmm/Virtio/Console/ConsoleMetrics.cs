namespace Appliance.Vmm.Virtio.Console;

/// <summary>Counts since the device was made; written under its lock.</summary>
internal sealed class ConsoleMetrics
{
    /// <summary>Bytes the guest printed.</summary>
    public long OutputBytes;

    /// <summary>Bytes the guest was given.</summary>
    public long InputBytes;

    /// <summary>Gives each count with its name in the control protocol.</summary>
    public void Read(Action<string, long> read)
    {
        read("outputBytes", OutputBytes);
        read("inputBytes", InputBytes);
    }
}
