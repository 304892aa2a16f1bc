using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Compute.Hosts;

/// <summary>Compute API: "Compute services". Behaviour: nova/api/openstack/compute/services.py.</summary>
internal sealed class ServiceRoutes(Database database, HostStore hosts, TimeProvider clock)
{
    private const string Policies = "os_compute_api:os-services:";

    private static readonly JsonSchema HostAndBinary = Body();
    private static readonly JsonSchema WithReason = Body().Required("disabled_reason", JsonSchema.String(1, 255));

    public void Map(ApiRoutes v21)
    {
        var services = v21.Group("/os-services");
        services.Get("", ListAsync).Allow(Policies + "list");
        services.Put("/enable", EnableAsync).Allow(Policies + "update");
        services.Put("/disable", DisableAsync).Allow(Policies + "update");
        services.Put("/disable-log-reason", DisableWithReasonAsync).Allow(Policies + "update");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        var services = ServiceList.From(await database.ReadAsync(hosts.ListAsync, ct), clock.GetUtcNow());
        if (request.QueryValue("host") is { Length: > 0 } host)
            services.RemoveAll(service => service.HostName != host);
        if (request.QueryValue("binary") is { Length: > 0 } binary)
            services.RemoveAll(service => service.Binary != binary);
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("services");
            foreach (var service in services)
                Write(json, service);
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private Task<ApiResult> EnableAsync(ApiRequest request, CancellationToken ct) => SetAsync(request, HostAndBinary, isDisabled: false, ct);
    private Task<ApiResult> DisableAsync(ApiRequest request, CancellationToken ct) => SetAsync(request, HostAndBinary, isDisabled: true, ct);
    private Task<ApiResult> DisableWithReasonAsync(ApiRequest request, CancellationToken ct) => SetAsync(request, WithReason, isDisabled: true, ct);

    private async Task<ApiResult> SetAsync(ApiRequest request, JsonSchema schema, bool isDisabled, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var badBody, out var body))
            return badBody;
        if (schema.Refuses(body, out var invalid))
            return invalid;
        var (host, binary, reason) = (body.StringOrNull("host")!, body.StringOrNull("binary")!, body.StringOrNull("disabled_reason"));
        if (binary != ServiceList.Compute)
            return ComputeFaults.Invalid($"Updating a {binary} service is not supported. Only nova-compute services can be updated.");
        if (hosts.Nodes.All.FirstOrDefault(node => node.HostName == host) is not { } node)
            return ComputeFaults.NotFound($"Host '{host}' is not mapped to any cell");

        await database.WriteAsync((tx, token) => HostStore.SetDisabledAsync(tx, node.Id, isDisabled, reason, clock.GetUtcNow(), token), ct);
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("service");
            json.WriteString("host", host);
            json.WriteString("binary", binary);
            json.WriteString("status", isDisabled ? "disabled" : "enabled");
            if (reason is not null)
                json.WriteString("disabled_reason", reason);
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    private static void Write(Utf8JsonWriter json, ComputeService service)
    {
        json.WriteStartObject();
        json.WriteNumber("id", service.Number);
        json.WriteString("binary", service.Binary);
        json.WriteString("host", service.HostName);
        json.WriteString("zone", service.Zone);
        json.WriteString("status", service.IsDisabled ? "disabled" : "enabled");
        json.WriteString("state", service.IsUp ? "up" : "down");
        json.WriteString("updated_at", service.UpdatedAt is { } at ? Timestamps.MicrosNoZone(at) : null);
        json.WriteString("disabled_reason", service.DisabledReason);
        json.WriteEndObject();
    }

    private static JsonSchema Body() => JsonSchema.Object.Closed()
        .Required("host", JsonSchema.String(1, 255).Pattern("^[a-zA-Z0-9-._]*$"))
        .Required("binary", JsonSchema.String(1, 255));
}
