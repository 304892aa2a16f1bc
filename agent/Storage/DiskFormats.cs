namespace Appliance.Agent.Storage;

/// <summary>Formats of image documents.</summary>
internal static class DiskFormats
{
    public const string Qcow2 = "qcow2";

    /// <summary>The bytes of the disk, and of kernels and ramdisks.</summary>
    public const string Raw = "raw";
}
