using Appliance.Controller.Http;

namespace Appliance.Controller.Images;

/// <summary>What may be done with an image, and by whom. Sources: glance/domain/__init__.py, glance/api/v2/policy.py.</summary>
internal static class ImageRules
{
    // glance-api.conf: image_property_quota, image_tag_quota, image_member_quota.
    public const int MaxProperties = 128;
    public const int MaxTags = 128;
    public const int MaxMembers = 128;

    /// <summary>Whether the caller may know of the image at all.</summary>
    public static bool IsVisible(Image image, Caller caller, bool isMember) =>
        caller.IsAdmin || image.Owner == caller.ProjectId || image.Visibility is ImageVisibility.Public or ImageVisibility.Community
        || (image.Visibility == ImageVisibility.Shared && isMember);

    /// <summary>Only the owning project (or an administrator) changes an image; others who see it are told so.</summary>
    public static Fault? CheckModify(Image image, Caller caller, string rule) =>
        caller.IsAdmin || image.Owner == caller.ProjectId
            ? null
            : new Fault(FaultKind.Forbidden, $"You are not authorized to complete {rule} action.");

    public static Fault? CheckDelete(Image image) => image switch
    {
        { IsProtected: true } => new Fault(FaultKind.Forbidden, $"Image {image.Id} is protected and cannot be deleted."),
        _ => null,
    };

    public static Fault? CheckUpload(Image image) => image switch
    {
        { Status: not ImageStatus.Queued } => new Fault(FaultKind.WrongState,
            $"Image status transition from {image.Status} to saving is not allowed"),
        { DiskFormat: null } or { ContainerFormat: null } => new Fault(FaultKind.Invalid,
            $"Properties {string.Join(", ", MissingFormats(image))} must be set prior to saving data."),
        _ => null,
    };

    /// <summary>Null when the data can be sent; a 204 has no fault and is the route's own case.</summary>
    public static Fault? CheckDownload(Image image, Caller caller) =>
        image.Status == ImageStatus.Deactivated && !caller.IsAdmin
            ? new Fault(FaultKind.Forbidden, "The requested image has been deactivated. Image data download is forbidden.")
            : null;

    public static Fault? CheckActivation(Image image, string target) =>
        image.Status is ImageStatus.Active or ImageStatus.Deactivated
            ? null
            : new Fault(FaultKind.Forbidden, $"Image status transition from {image.Status} to {target} is not allowed");

    /// <summary>A change of visibility that the caller may not make.</summary>
    public static Fault? CheckVisibility(string visibility, Caller caller) =>
        visibility == ImageVisibility.Public && !caller.IsAdmin
            ? new Fault(FaultKind.Forbidden, "You are not authorized to complete publicize_image action.")
            : null;

    public static Fault? CheckLimits(Image image) => image switch
    {
        { Properties.Count: > MaxProperties } => new Fault(FaultKind.TooLarge,
            $"The limit has been exceeded on the number of allowed image properties. Attempted: {image.Properties.Count}, Maximum: {MaxProperties}"),
        { Tags.Count: > MaxTags } => new Fault(FaultKind.TooLarge,
            $"The limit has been exceeded on the number of allowed image tags. Attempted: {image.Tags.Count}, Maximum: {MaxTags}"),
        _ => null,
    };

    private static IEnumerable<string> MissingFormats(Image image)
    {
        if (image.DiskFormat is null)
            yield return "disk_format";
        if (image.ContainerFormat is null)
            yield return "container_format";
    }
}
