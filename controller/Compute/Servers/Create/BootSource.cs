using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Compute.Servers.Create;

/// <summary>
/// What a server boots from: an image on a local disk. Block device mappings are taken when that is all they say, and refused otherwise,
/// since this cloud has no volumes for servers.
/// </summary>
internal static class BootSource
{
    /// <summary>The id of the image.</summary>
    public static Outcome<string> Read(JsonElement server)
    {
        var image = server.StringOrNull("imageRef") is { Length: > 0 } id ? id : null;
        if (server.Member("block_device_mapping") is { } legacy && legacy.GetArrayLength() > 0)
            return server.Member("block_device_mapping_v2") is { } both && both.GetArrayLength() > 0
                ? ComputeFaults.Invalid("Using different block_device_mapping syntaxes is not allowed in the same request.")
                : NoVolumes();
        if (server.Member("block_device_mapping_v2") is { } devices && devices.GetArrayLength() > 0)
        {
            if (ReadMappings(devices, image).Failed(out var refused, out var mapped))
                return refused;
            image = mapped;
        }

        return image is null ? ComputeFaults.Invalid("Missing imageRef attribute") : image;
    }

    private static Outcome<string> ReadMappings(JsonElement devices, string? image)
    {
        foreach (var device in devices.EnumerateArray())
        {
            var source = device.StringOrNull("source_type");
            var isRoot = device.Int64OrNull("boot_index") == 0;
            var named = device.StringOrNull("uuid") ?? device.StringOrNull("image_id");
            if (source != "image" || device.StringOrNull("destination_type") == "volume" || !isRoot)
                return NoVolumes();
            if (named is null || (image is not null && image != named))
                return ComputeFaults.Invalid("Block Device Mapping is Invalid: Boot sequence for the instance and image/block device mapping "
                    + "combination is not valid.");
            image = named;
        }

        return image!;
    }

    private static Fault NoVolumes() => ComputeFaults.Invalid(
        "Block Device Mapping is Invalid: servers of this cloud boot from an image on a local disk; volumes and further disks cannot be attached.");
}
