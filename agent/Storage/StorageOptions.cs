namespace Appliance.Agent.Storage;

/// <summary>What an operator can set about the disks of a node.</summary>
internal sealed record StorageOptions
{
    /// <summary>See <see cref="StorageLayout"/>.</summary>
    public required string DataFolder { get; init; }

    public string QemuImgPath { get; init; } = "/usr/bin/qemu-img";

    /// <summary>Makes ephemeral disks; where it is missing they stay without a file system.</summary>
    public string MkfsPath { get; init; } = "/usr/sbin/mkfs.ext4";

    /// <summary>Free space that images and disks leave on the file system; below it unused images go.</summary>
    public long ReservedBytes { get; init; } = 1L << 30;

    /// <summary>Largest disk an image may unfold to; a few bytes of qcow2 can claim exabytes.</summary>
    public long MaxImageBytes { get; init; } = 2L << 40;

    /// <summary>How long an image that no server of this node uses is kept; the default of Nova's <c>remove_unused_original_minimum_age_seconds</c>.</summary>
    public TimeSpan KeepUnusedImages { get; init; } = TimeSpan.FromHours(24);

    public TimeSpan CleanInterval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Images fetched or converted at a time.</summary>
    public int ConcurrentImages { get; init; } = 2;
}
