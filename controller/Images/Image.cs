namespace Appliance.Controller.Images;

/// <summary>An image as it stands in the database.</summary>
/// <param name="Owner">Project id.</param>
/// <param name="Status"><see cref="ImageStatus"/>.</param>
/// <param name="SizeBytes">Of the stored data; null before an upload ended.</param>
/// <param name="VirtualSizeBytes">Of the disk inside; null when it is not known.</param>
/// <param name="Checksum">MD5, hex. <paramref name="HashValue"/> is SHA-512, hex.</param>
/// <param name="InspectionFault">Why no server can boot from the data although it is stored; null when nothing is wrong with it.</param>
/// <param name="Properties">Free properties; a null value cannot occur.</param>
/// <param name="Generation">Grows with every change.</param>
internal sealed record Image(
    string Id, string? Name, string Owner, string Status, string Visibility, bool IsProtected, bool IsHidden, string? ContainerFormat,
    string? DiskFormat, int MinDiskGiB, int MinRamMiB, long? SizeBytes, long? VirtualSizeBytes, string? Checksum, string? HashValue,
    string? InspectionFault, IReadOnlyList<string> Tags, IReadOnlyDictionary<string, string> Properties, DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt, long Generation);

/// <summary>Life of an image: queued → saving → active ⇄ deactivated. A deleted image has no row.</summary>
internal static class ImageStatus
{
    public const string Queued = "queued";
    public const string Saving = "saving";
    public const string Active = "active";
    public const string Deactivated = "deactivated";
}

/// <summary>Who sees an image.</summary>
internal static class ImageVisibility
{
    public const string Public = "public";
    public const string Private = "private";
    public const string Shared = "shared";
    public const string Community = "community";
}
