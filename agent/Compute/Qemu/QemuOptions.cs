namespace Appliance.Agent.Compute.Qemu;

/// <summary>What an operator can set about the <c>qemu</c> driver.</summary>
internal sealed record QemuOptions
{
    public string BinaryPath { get; init; } = "/usr/bin/qemu-system-x86_64";

    /// <summary>UEFI firmware and its empty variables, of Debian's package ovmf.</summary>
    public string UefiCodePath { get; init; } = "/usr/share/OVMF/OVMF_CODE_4M.fd";

    public string UefiVariablesPath { get; init; } = "/usr/share/OVMF/OVMF_VARS_4M.fd";

    /// <summary>Empty PCI slots of each guest, for disks and NICs that are plugged in while it runs.</summary>
    public int SpareSlots { get; init; } = 8;

    /// <summary>Whether disks go around the page cache where the file system can; null: with hardware virtualization only.</summary>
    public bool? DirectDisks { get; init; }

    /// <summary>How long QEMU may take from its start until its monitor answers.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Translated code kept by a guest without hardware virtualization; QEMU's own default is 1 GiB.</summary>
    public int TranslationBufferMiB { get; init; } = 128;
}
