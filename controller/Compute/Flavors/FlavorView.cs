using System.Text.Json;
using Appliance.Controller.Http;

namespace Appliance.Controller.Compute.Flavors;

/// <summary>Flavors as JSON (nova/api/openstack/compute/views/flavors.py).</summary>
internal static class FlavorView
{
    public static void WriteBrief(Utf8JsonWriter json, ApiRequest request, Flavor flavor)
    {
        json.WriteStartObject();
        json.WriteString("id", flavor.Id);
        json.WriteString("name", flavor.Name);
        ComputeLinks.Write(json, request, "flavors", flavor.Id);
        json.WriteEndObject();
    }

    public static void WriteFull(Utf8JsonWriter json, ApiRequest request, Flavor flavor)
    {
        json.WriteStartObject();
        json.WriteString("id", flavor.Id);
        json.WriteString("name", flavor.Name);
        json.WriteNumber("ram", flavor.MemoryMiB);
        json.WriteNumber("disk", flavor.RootGiB);
        if (flavor.SwapMiB > 0)
            json.WriteNumber("swap", flavor.SwapMiB);
        else
            json.WriteString("swap", "");
        json.WriteNumber("OS-FLV-EXT-DATA:ephemeral", flavor.EphemeralGiB);
        json.WriteBoolean("OS-FLV-DISABLED:disabled", false);
        json.WriteNumber("vcpus", flavor.Vcpus);
        json.WriteBoolean("os-flavor-access:is_public", flavor.IsPublic);
        json.WritePropertyName("rxtx_factor");
        // Python prints a whole float as 1.0, and clients compare.
        json.WriteRawValue(flavor.RxtxFactor.ToString("0.0################", CultureInfo.InvariantCulture));
        ComputeLinks.Write(json, request, "flavors", flavor.Id);
        json.WriteEndObject();
    }

    public static void WriteExtraSpecs(Utf8JsonWriter json, IEnumerable<KeyValuePair<string, string>> specs)
    {
        json.WriteStartObject("extra_specs");
        foreach (var (name, value) in specs)
            json.WriteString(name, value);
        json.WriteEndObject();
    }

    public static ApiResult Access(Flavor flavor) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("flavor_access");
        foreach (var project in flavor.Projects)
        {
            json.WriteStartObject();
            json.WriteString("flavor_id", flavor.Id);
            json.WriteString("tenant_id", project);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });
}
