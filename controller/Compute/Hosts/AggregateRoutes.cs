using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Compute.Hosts;

/// <summary>Compute API: "Host aggregates". Behaviour: nova/api/openstack/compute/aggregates.py, nova/compute/api.py (AggregateAPI).</summary>
internal sealed class AggregateRoutes(Database database, HostStore hosts, TimeProvider clock)
{
    private const string Policies = "os_compute_api:os-aggregates:";

    private static readonly JsonSchema Create = JsonSchema.Object.Closed().Required("aggregate", JsonSchema.Object.Closed()
        .Required("name", ComputeSchemas.Name).Property("availability_zone", Zone()));
    private static readonly JsonSchema Update = JsonSchema.Object.Closed().Required("aggregate", JsonSchema.Object.Closed().Properties(1)
        .Property("name", ComputeSchemas.Name).Property("availability_zone", Zone()));
    private static readonly JsonSchema AddHost = HostAction("add_host");
    private static readonly JsonSchema RemoveHost = HostAction("remove_host");
    private static readonly JsonSchema SetMetadata = JsonSchema.Object.Closed().Required("set_metadata", JsonSchema.Object.Closed()
        .Required("metadata", JsonSchema.Object.PatternProperty(ComputeSchemas.MetadataKey, JsonSchema.NullableString(max: 255)).Closed()));

    public void Map(ApiRoutes v21)
    {
        var aggregates = v21.Group("/os-aggregates");
        aggregates.Get("", ListAsync).Allow(Policies + "index");
        aggregates.Post("", CreateAsync).Allow(Policies + "create");
        aggregates.Get("/{aggregate_id}", ShowAsync).Allow(Policies + "show");
        aggregates.Put("/{aggregate_id}", UpdateAsync).Allow(Policies + "update");
        aggregates.Delete("/{aggregate_id}", DeleteAsync).Allow(Policies + "delete");
        aggregates.Action("/{aggregate_id}/action", "add_host", AddHostAsync).Allow(Policies + "add_host");
        aggregates.Action("/{aggregate_id}/action", "remove_host", RemoveHostAsync).Allow(Policies + "remove_host");
        aggregates.Action("/{aggregate_id}/action", "set_metadata", SetMetadataAsync).Allow(Policies + "set_metadata");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        var list = await database.ReadAsync(AggregateStore.ListAsync, ct);
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("aggregates");
            foreach (var aggregate in list)
                Write(json, aggregate, isNew: false);
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var badBody, out var body))
            return badBody;
        if (Create.Refuses(body, out var invalid))
            return invalid;
        var asked = body.GetProperty("aggregate");
        var outcome = await database.TryWriteAsync<Aggregate>(async (tx, token) =>
        {
            var name = asked.GetProperty("name").GetString()!;
            if ((await AggregateStore.InsertAsync(tx, name, asked.StringOrNull("availability_zone"), clock.GetUtcNow(), token))
                .Failed(out var taken, out var number))
                return taken;
            return (await AggregateStore.FindAsync(tx, number, token))!;
        }, ct);
        return outcome.Failed(out var fault, out var aggregate) ? fault : Show(aggregate, isNew: true);
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        if (ReadNumber(request).Failed(out var bad, out var number))
            return bad;
        return await database.ReadAsync((tx, token) => AggregateStore.FindAsync(tx, number, token), ct) is { } aggregate
            ? Show(aggregate, isNew: false) : Missing(request);
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var badBody, out var body))
            return badBody;
        if (Update.Refuses(body, out var invalid))
            return invalid;
        var asked = body.GetProperty("aggregate");
        return await ChangeAsync(request, async (tx, aggregate, token) =>
        {
            if (asked.StringOrNull("name") is { } name && await AggregateStore.RenameAsync(tx, aggregate.Number, name, token) is { } taken)
                return taken;
            if (!asked.Has("availability_zone"))
                return null;
            if (await CheckZoneAsync(tx, aggregate, asked.StringOrNull("availability_zone"), token) is { } refused)
                return refused;
            await AggregateStore.SetMetadataAsync(tx, aggregate.Number, Aggregate.ZoneKey, asked.StringOrNull("availability_zone"), token);
            return null;
        }, ct);
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        if (ReadNumber(request).Failed(out var bad, out var number))
            return bad;
        var fault = await database.TryWriteAsync(async (tx, token) =>
        {
            if (await AggregateStore.FindAsync(tx, number, token) is not { } aggregate)
                return Missing(request);
            if (aggregate.Hosts.Count > 0)
                return ComputeFaults.Invalid($"Cannot delete aggregate {number}. Reason: Host aggregate is not empty.");
            await AggregateStore.DeleteAsync(tx, number, token);
            return (Fault?)null;
        }, ct);
        return fault is not null ? fault : ApiResult.Status(StatusCodes.Status200OK);
    }

    private async Task<ApiResult> AddHostAsync(ApiRequest request, CancellationToken ct)
    {
        if (AddHost.Refuses(request.ActionBody, out var invalid))
            return invalid;
        var host = request.ActionArgument("add_host").StringOrNull("host")!;
        return await ChangeAsync(request, async (tx, aggregate, token) =>
        {
            if (hosts.Nodes.All.All(node => node.HostName != host))
                return ComputeFaults.NotFound($"Compute host {host} could not be found.");
            if (aggregate.Hosts.Contains(host))
                return ComputeFaults.Conflict($"Cannot add host {host} in aggregate {aggregate.Number}: the host is in it already.");
            if (aggregate.Zone is { } zone && await ZoneOfAsync(tx, host, token) is { } other && other != zone)
                return ComputeFaults.Conflict($"Cannot add host to aggregate {aggregate.Number}. Reason: One or more hosts already in availability zone(s) ['{other}'].");
            await AggregateStore.AddHostAsync(tx, aggregate.Number, host, token);
            return null;
        }, ct);
    }

    private async Task<ApiResult> RemoveHostAsync(ApiRequest request, CancellationToken ct)
    {
        if (RemoveHost.Refuses(request.ActionBody, out var invalid))
            return invalid;
        var host = request.ActionArgument("remove_host").StringOrNull("host")!;
        return await ChangeAsync(request, async (tx, aggregate, token) =>
        {
            if (!aggregate.Hosts.Contains(host))
                return ComputeFaults.NotFound($"Cannot remove host {host} in aggregate {aggregate.Number}");
            await AggregateStore.RemoveHostAsync(tx, aggregate.Number, host, token);
            return null;
        }, ct);
    }

    private async Task<ApiResult> SetMetadataAsync(ApiRequest request, CancellationToken ct)
    {
        if (SetMetadata.Refuses(request.ActionBody, out var invalid))
            return invalid;
        var metadata = request.ActionArgument("set_metadata").GetProperty("metadata");
        return await ChangeAsync(request, async (tx, aggregate, token) =>
        {
            if (metadata.Has(Aggregate.ZoneKey)
                && await CheckZoneAsync(tx, aggregate, metadata.StringOrNull(Aggregate.ZoneKey), token) is { } refused)
                return refused;
            foreach (var item in metadata.EnumerateObject())
                await AggregateStore.SetMetadataAsync(tx, aggregate.Number, item.Name, item.Value.GetString(), token);
            return null;
        }, ct);
    }

    private async Task<ApiResult> ChangeAsync(
        ApiRequest request, Func<Session, Aggregate, CancellationToken, Task<Fault?>> change, CancellationToken ct)
    {
        if (ReadNumber(request).Failed(out var bad, out var number))
            return bad;
        var outcome = await database.TryWriteAsync<Aggregate>(async (tx, token) =>
        {
            if (await AggregateStore.FindAsync(tx, number, token) is not { } aggregate)
                return Missing(request);
            if (await change(tx, aggregate, token) is { } refused)
                return refused;
            await AggregateStore.TouchAsync(tx, number, clock.GetUtcNow(), token);
            return (await AggregateStore.FindAsync(tx, number, token))!;
        }, ct);
        return outcome.Failed(out var fault, out var changed) ? fault : Show(changed, isNew: false);
    }

    // A node is in one zone: no host of the aggregate may be in another by a second aggregate.
    private static async Task<Fault?> CheckZoneAsync(Session tx, Aggregate aggregate, string? zone, CancellationToken ct)
    {
        if (zone is null)
            return null;
        var others = (await AggregateStore.ListAsync(tx, ct)).Where(other => other.Number != aggregate.Number && other.Zone is { } its && its != zone);
        return others.Any(other => other.Hosts.Intersect(aggregate.Hosts).Any())
            ? ComputeFaults.Invalid($"Cannot update aggregate {aggregate.Number}. Reason: One or more hosts already in different availability zone(s).")
            : null;
    }

    private static async Task<string?> ZoneOfAsync(Session tx, string host, CancellationToken ct) =>
        (await AggregateStore.ListAsync(tx, ct)).FirstOrDefault(aggregate => aggregate.Zone is not null && aggregate.Hosts.Contains(host))?.Zone;

    private static Outcome<long> ReadNumber(ApiRequest request) =>
        long.TryParse(request.Path("aggregate_id"), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number : ComputeFaults.Invalid("Invalid input received: id must be an integer");

    private static Fault Missing(ApiRequest request) => ComputeFaults.NotFound($"Aggregate {request.Path("aggregate_id")} could not be found.");

    private static ApiResult Show(Aggregate aggregate, bool isNew) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WritePropertyName("aggregate");
        Write(json, aggregate, isNew);
        json.WriteEndObject();
    });

    private static void Write(Utf8JsonWriter json, Aggregate aggregate, bool isNew)
    {
        json.WriteStartObject();
        json.WriteNumber("id", aggregate.Number);
        json.WriteString("name", aggregate.Name);
        json.WriteString("availability_zone", aggregate.Zone);
        json.WriteString("created_at", Timestamps.MicrosNoZone(aggregate.CreatedAt));
        json.WriteString("updated_at", aggregate.UpdatedAt is { } at ? Timestamps.MicrosNoZone(at) : null);
        json.WriteBoolean("deleted", false);
        json.WriteNull("deleted_at");
        if (!isNew)
        {
            json.WriteStartArray("hosts");
            foreach (var host in aggregate.Hosts)
                json.WriteStringValue(host);
            json.WriteEndArray();
            json.WriteStartObject("metadata");
            foreach (var (name, value) in aggregate.Metadata)
                json.WriteString(name, value);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static JsonSchema Zone() => JsonSchema.Any.OneOf(ComputeSchemas.ZoneName, JsonSchema.Of("null"));

    private static JsonSchema HostAction(string action) => JsonSchema.Object.Closed().Required(action, JsonSchema.Object.Closed()
        .Required("host", JsonSchema.String(1, 255).Pattern("^[a-zA-Z0-9-._]*$")));
}
