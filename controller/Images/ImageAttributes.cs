using System.Text.Json;
using Appliance.Controller.Http;

namespace Appliance.Controller.Images;

/// <summary>Sets one attribute of an image from its wire value; shared by create and update, so that both obey the same rules.</summary>
internal static class ImageAttributes
{
    /// <param name="value">Already valid against <see cref="ImageSchema.Image"/>.</param>
    public static Outcome<Image> Set(Image image, string name, JsonElement value, Caller caller)
    {
        switch (name)
        {
            case "name":
                return image with { Name = value.GetString() };
            case "visibility":
                var visibility = value.GetString()!;
                return ImageRules.CheckVisibility(visibility, caller) is { } refused ? refused : image with { Visibility = visibility };
            case "protected":
                return image with { IsProtected = value.GetBoolean() };
            case "os_hidden":
                return image with { IsHidden = value.GetBoolean() };
            case "owner":
                return SetOwner(image, value.GetString(), caller);
            case "container_format":
                return CheckQueued(image, name) is { } fixedContainer ? fixedContainer : image with { ContainerFormat = value.GetString() };
            case "disk_format":
                return CheckQueued(image, name) is { } fixedDisk ? fixedDisk : image with { DiskFormat = value.GetString() };
            case "min_disk":
                return image with { MinDiskGiB = value.GetInt32() };
            case "min_ram":
                return image with { MinRamMiB = value.GetInt32() };
            case "tags":
                return image with { Tags = [.. value.EnumerateArray().Select(static tag => tag.GetString()!).Distinct()] };
            case "locations":
                return new Fault(FaultKind.Forbidden, "It's not allowed to update locations if locations are invisible.");
            default:
                return SetProperty(image, name, value.GetString()!);
        }
    }

    public static Outcome<Image> Remove(Image image, string name)
    {
        if (ImageSchema.BaseAttributes.Contains(name))
            return new Fault(FaultKind.Forbidden, $"Property {name} may not be removed.");
        if (!image.Properties.ContainsKey(name))
            return new Fault(FaultKind.Conflict, $"Property {name} does not exist.");

        var properties = new Dictionary<string, string>(image.Properties, StringComparer.Ordinal);
        properties.Remove(name);
        return image with { Properties = properties };
    }

    /// <summary>Names nobody may set: read-only and reserved ones.</summary>
    public static Fault? CheckName(string name)
    {
        if (ImageSchema.Reserved.Contains(name) || name.StartsWith(ImageSchema.ReservedNamespace, StringComparison.Ordinal))
            return new Fault(FaultKind.Forbidden, $"Attribute '{name}' is reserved.");
        return null;
    }

    private static Outcome<Image> SetOwner(Image image, string? owner, Caller caller)
    {
        if (!caller.IsAdmin && owner != caller.ProjectId)
            return new Fault(FaultKind.Forbidden, "Owner can't be updated by non admin.");
        return owner is null ? image : image with { Owner = owner };
    }

    private static Outcome<Image> SetProperty(Image image, string name, string value)
    {
        if (name.Length > 255)
            return new Fault(FaultKind.Invalid, "Custom property should not be greater than 255 characters.");
        return image with { Properties = new Dictionary<string, string>(image.Properties, StringComparer.Ordinal) { [name] = value } };
    }

    private static Fault? CheckQueued(Image image, string name) => image.Status == ImageStatus.Queued
        ? null
        : new Fault(FaultKind.Forbidden, $"Attribute {name} can be only replaced for a queued image.");
}
