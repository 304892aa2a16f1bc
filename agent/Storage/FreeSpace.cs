namespace Appliance.Agent.Storage;

/// <summary>How much more a file system takes.</summary>
internal static class FreeSpace
{
    /// <summary>Bytes free for this process on the file system of a folder.</summary>
    public static long At(string folder) => new DriveInfo(folder).AvailableFreeSpace;
}
