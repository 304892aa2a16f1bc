namespace Appliance.Agent.Storage;

/// <summary>Modes of files that leave the agent's hands; the folders above them stay closed.</summary>
internal static class StorageAccess
{
    /// <summary>A file that a jailed tool, or a virtual machine's process, opens again by its descriptor.</summary>
    public const UnixFileMode ReadableByTools = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>A published image: nobody writes it again.</summary>
    public const UnixFileMode Published = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
}
