namespace Appliance.Agent.Metadata.ConfigDrive;

/// <summary>Makes config drives.</summary>
internal static class ConfigDriveImage
{
    /// <summary>By this the guest finds the drive among its disks.</summary>
    public const string Label = "config-2";

    /// <summary>Writes a server's config drive to a new file: readable by the owner only, because it may hold passwords.</summary>
    public static async Task WriteAsync(MetadataServer server, string path, TimeProvider clock, CancellationToken ct)
    {
        byte[] image = IsoImage.Build(Label, ConfigDriveFiles.List(server), clock.GetUtcNow());
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        await using var file = new FileStream(path, options);
        await file.WriteAsync(image, ct);
    }
}
