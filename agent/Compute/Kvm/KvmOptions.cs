namespace Appliance.Agent.Compute.Kvm;

/// <summary>What an operator can set about the <c>kvm</c> driver.</summary>
internal sealed record KvmOptions
{
    /// <summary>The machine monitor; beside the agent.</summary>
    public string VmmPath { get; init; } = Path.Combine(Path.GetDirectoryName(Environment.ProcessPath)!, "appliance-vmm");

    /// <summary>Boots disks; SeaBIOS' build without devices that the machine does not have.</summary>
    public string FirmwarePath { get; init; } = "/usr/share/seabios/bios-microvm.bin";

    /// <summary>Holds the folder that is the machines' file system.</summary>
    public required string DataFolder { get; init; }

    /// <summary>How long a machine may take from its start until it runs.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Takes a <c>/dev/kvm</c> without the processor's extension behind it, which runs toy guests only.</summary>
    public bool AcceptsEmulation { get; init; }
}
