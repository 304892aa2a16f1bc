using System.Text.Json;
using Appliance.Controller.Http;

namespace Appliance.Controller.Placement.Inventories;

/// <summary>Inventories on the wire.</summary>
internal static class InventoryView
{
    public static ApiResult List(ApiRequest request, long generation, List<Inventory> list, DateTimeOffset modified) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WriteNumber("resource_provider_generation", generation);
        json.WriteStartObject("inventories");
        foreach (var inventory in list)
        {
            json.WriteStartObject(inventory.ResourceClass);
            Write(json, inventory);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }).Fresh(request, modified);

    public static ApiResult Show(ApiRequest request, int status, long generation, Inventory inventory, DateTimeOffset modified) =>
        ApiResult.Json(status, json =>
        {
            json.WriteStartObject();
            Write(json, inventory);
            json.WriteNumber("resource_provider_generation", generation);
            json.WriteEndObject();
        }).Fresh(request, modified);

    private static void Write(Utf8JsonWriter json, Inventory inventory)
    {
        json.WriteNumber("total", inventory.Total);
        json.WriteNumber("reserved", inventory.Reserved);
        json.WriteNumber("min_unit", inventory.MinUnit);
        json.WriteNumber("max_unit", inventory.MaxUnit);
        json.WriteNumber("step_size", inventory.Step);
        json.WritePropertyName("allocation_ratio");
        // A ratio is a fraction even when it is whole: 16.0, as Python writes it.
        var ratio = inventory.Ratio.ToString("R", CultureInfo.InvariantCulture);
        json.WriteRawValue(ratio.AsSpan().ContainsAny('.', 'E') ? ratio : ratio + ".0");
    }
}
