using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Link;
using Appliance.Protocol;
using Appliance.Protocol.Link;

namespace Appliance.Controller.Compute.Hosts;

/// <summary>Compute API: "Hypervisors". Behaviour: nova/api/openstack/compute/hypervisors.py.</summary>
internal sealed class HypervisorRoutes(Database database, HypervisorStore hypervisors, INodes nodes, TimeProvider clock)
{
    private const string Policies = "os_compute_api:os-hypervisors:";

    private static readonly JsonElement NoArguments = JsonElement.Parse("{}");

    public void Map(ApiRoutes v21)
    {
        var group = v21.Group("/os-hypervisors");
        group.Get("", ListAsync).Allow(Policies + "list");
        group.Get("/detail", ListDetailAsync).Allow(Policies + "list-detail");
        group.Get("/statistics", StatisticsAsync).Allow(Policies + "statistics");
        group.Get("/{hypervisor_id}", ShowAsync).Allow(Policies + "show");
        group.Get("/{hypervisor_id}/search", SearchAsync).Allow(Policies + "search");
        group.Get("/{hypervisor_id}/uptime", UptimeAsync).Allow(Policies + "uptime");
        group.Get("/{hypervisor_id}/servers", ServersAsync).Allow(Policies + "servers");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct) =>
        List(await database.ReadAsync(hypervisors.ListAsync, ct), HypervisorView.WriteBrief);

    private async Task<ApiResult> ListDetailAsync(ApiRequest request, CancellationToken ct) =>
        List(await database.ReadAsync(hypervisors.ListAsync, ct), HypervisorView.WriteFull);

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await FindAsync(request, ct)).Failed(out var missing, out var found))
            return missing;
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WritePropertyName("hypervisor");
            HypervisorView.WriteFull(json, found);
            json.WriteEndObject();
        });
    }

    private async Task<ApiResult> UptimeAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await FindAsync(request, ct)).Failed(out var missing, out var found))
            return missing;
        try
        {
            var answer = await nodes.RequestAsync(found.Host.Node.Id, LinkMethods.HostUptime, NoArguments, ct);
            if (answer.Error is not null || answer.Result is not { } result)
                return Unavailable(found);
            var text = UptimeText.Of(result.Deserialize(ProtocolJson.Default.HostUptimeResult)!, clock.GetUtcNow());
            return ApiResult.Ok(json =>
            {
                json.WriteStartObject();
                json.WritePropertyName("hypervisor");
                HypervisorView.WriteUptime(json, found, text);
                json.WriteEndObject();
            });
        }
        catch (NodeUnreachableException)
        {
            return Unavailable(found);
        }
    }

    private async Task<ApiResult> StatisticsAsync(ApiRequest request, CancellationToken ct)
    {
        var list = await database.ReadAsync(hypervisors.ListAsync, ct);
        return ApiResult.Ok(json => HypervisorView.WriteStatistics(json, list));
    }

    private async Task<ApiResult> SearchAsync(ApiRequest request, CancellationToken ct) =>
        (await FindByNameAsync(request, ct)).Failed(out var fault, out var list) ? fault : List(list, HypervisorView.WriteBrief);

    private async Task<ApiResult> ServersAsync(ApiRequest request, CancellationToken ct) =>
        (await FindByNameAsync(request, ct)).Failed(out var fault, out var list) ? fault : List(list, HypervisorView.WriteWithServers);

    private static Fault Unavailable(Hypervisor hypervisor) =>
        ComputeFaults.Invalid($"Compute service of {hypervisor.Host.Node.HostName} is unavailable at this time.");

    private async Task<Outcome<Hypervisor>> FindAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("hypervisor_id");
        var list = await database.ReadAsync(hypervisors.ListAsync, ct);
        var found = long.TryParse(id, CultureInfo.InvariantCulture, out var number)
            ? list.Find(hypervisor => hypervisor.Host.Number == number) : null;
        return found is null ? ComputeFaults.NotFound($"Hypervisor with ID '{id}' could not be found.") : found;
    }

    private async Task<Outcome<List<Hypervisor>>> FindByNameAsync(ApiRequest request, CancellationToken ct)
    {
        var part = request.Path("hypervisor_id");
        var list = await database.ReadAsync(hypervisors.ListAsync, ct);
        var found = list.FindAll(hypervisor => hypervisor.Host.Node.HostName.Contains(part, StringComparison.OrdinalIgnoreCase));
        return found.Count > 0 ? found : ComputeFaults.NotFound($"No hypervisor matching '{part}' could be found.");
    }

    private static ApiResult List(List<Hypervisor> list, Action<Utf8JsonWriter, Hypervisor> write) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("hypervisors");
        foreach (var hypervisor in list)
            write(json, hypervisor);
        json.WriteEndArray();
        json.WriteEndObject();
    });
}
