using System.Text.Json;
using Appliance.Controller.Http;

namespace Appliance.Controller.Images;

/// <summary>Images on the wire. Source: glance/api/v2/images.py <c>ResponseSerializer</c>.</summary>
internal static class ImageView
{
    public static void Write(Utf8JsonWriter json, Image image)
    {
        json.WriteStartObject();
        // Properties first: a property can never hide an attribute, for their names are refused on input.
        foreach (var (name, value) in image.Properties)
            json.WriteString(name, value);
        json.WriteString("name"u8, image.Name);
        json.WriteString("disk_format"u8, image.DiskFormat);
        json.WriteString("container_format"u8, image.ContainerFormat);
        json.WriteString("visibility"u8, image.Visibility);
        WriteNumber(json, "size"u8, image.SizeBytes);
        WriteNumber(json, "virtual_size"u8, image.VirtualSizeBytes);
        json.WriteString("status"u8, image.Status);
        json.WriteString("checksum"u8, image.Checksum);
        json.WriteBoolean("protected"u8, image.IsProtected);
        json.WriteNumber("min_ram"u8, image.MinRamMiB);
        json.WriteNumber("min_disk"u8, image.MinDiskGiB);
        json.WriteString("owner"u8, image.Owner);
        json.WriteBoolean("os_hidden"u8, image.IsHidden);
        json.WriteString("os_hash_algo"u8, image.HashValue is null ? null : "sha512");
        json.WriteString("os_hash_value"u8, image.HashValue);
        json.WriteString("id"u8, image.Id);
        json.WriteString("created_at"u8, Timestamps.Seconds(image.CreatedAt));
        json.WriteString("updated_at"u8, Timestamps.Seconds(image.UpdatedAt));
        json.WriteStartArray("tags"u8);
        foreach (var tag in image.Tags)
            json.WriteStringValue(tag);
        json.WriteEndArray();
        json.WriteString("self"u8, $"/v2/images/{image.Id}");
        json.WriteString("file"u8, $"/v2/images/{image.Id}/file");
        json.WriteString("schema"u8, "/v2/schemas/image");
        json.WriteEndObject();
    }

    private static void WriteNumber(Utf8JsonWriter json, ReadOnlySpan<byte> name, long? value)
    {
        if (value is { } number)
            json.WriteNumber(name, number);
        else
            json.WriteNull(name);
    }
}
