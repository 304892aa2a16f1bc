using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;

namespace Appliance.Controller.Compute.Hosts;

/// <summary>Compute API: "Availability zones". Behaviour: nova/api/openstack/compute/availability_zone.py.</summary>
internal sealed class ZoneRoutes(Database database, HostStore hosts, TimeProvider clock)
{
    public void Map(ApiRoutes v21)
    {
        var zones = v21.Group("/os-availability-zone");
        zones.Get("", ListAsync).Allow("os_compute_api:os-availability-zone:list");
        zones.Get("/detail", ListDetailAsync).Allow("os_compute_api:os-availability-zone:detail");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        var services = ServiceList.From(await database.ReadAsync(hosts.ListAsync, ct), clock.GetUtcNow());
        return List(services, isDetailed: false);
    }

    private async Task<ApiResult> ListDetailAsync(ApiRequest request, CancellationToken ct)
    {
        var services = ServiceList.From(await database.ReadAsync(hosts.ListAsync, ct), clock.GetUtcNow());
        return List(services, isDetailed: true);
    }

    // A zone is available while any service in it is enabled; zones that are not come last.
    private static ApiResult List(List<ComputeService> services, bool isDetailed)
    {
        var zones = services.GroupBy(static service => service.Zone)
            .Where(zone => isDetailed || zone.Key != HostStore.InternalZone)
            .OrderByDescending(static zone => zone.Any(static service => !service.IsDisabled)).ThenBy(static zone => zone.Key, StringComparer.Ordinal);
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("availabilityZoneInfo");
            foreach (var zone in zones)
                WriteZone(json, zone.Key, [.. zone.Where(static service => !service.IsDisabled)], isDetailed);
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static void WriteZone(Utf8JsonWriter json, string zone, List<ComputeService> enabled, bool isDetailed)
    {
        json.WriteStartObject();
        json.WriteString("zoneName", zone);
        json.WriteStartObject("zoneState");
        json.WriteBoolean("available", enabled.Count > 0);
        json.WriteEndObject();
        if (isDetailed && enabled.Count > 0)
            WriteHosts(json, enabled);
        else
            json.WriteNull("hosts");
        json.WriteEndObject();
    }

    private static void WriteHosts(Utf8JsonWriter json, List<ComputeService> enabled)
    {
        json.WriteStartObject("hosts");
        foreach (var host in enabled.GroupBy(static service => service.HostName))
        {
            json.WriteStartObject(host.Key);
            foreach (var service in host)
            {
                json.WriteStartObject(service.Binary);
                json.WriteBoolean("available", service.IsUp);
                json.WriteBoolean("active", true);
                json.WriteString("updated_at", service.UpdatedAt is { } at ? Timestamps.MicrosNoZone(at) : null);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
