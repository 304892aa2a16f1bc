using System.Text.Json;
using Appliance.Controller.Compute.Quotas;
using Appliance.Controller.Compute.Servers.Actions;
using Appliance.Controller.Compute.Servers.Create;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Compute.Servers;

/// <summary>Compute API: "Server metadata". Behaviour: nova/api/openstack/compute/server_metadata.py.</summary>
internal sealed class ServerMetadataRoutes(ServerContext context)
{
    private const string Policies = "os_compute_api:server-metadata:";

    public void Map(ApiRoutes v21)
    {
        var metadata = v21.Group("/servers/{server_id}/metadata");
        metadata.Get("", ListAsync).Allow(Policies + "index");
        metadata.Post("", MergeAsync).Allow(Policies + "create");
        metadata.Put("", ReplaceAsync).Allow(Policies + "update_all");
        metadata.Get("/{key}", ShowItemAsync).Allow(Policies + "show");
        metadata.Put("/{key}", PutItemAsync).Allow(Policies + "update");
        metadata.Delete("/{key}", DeleteItemAsync).Allow(Policies + "delete");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct) =>
        await FindAsync(request, ct) is { } server ? Answer(server.Metadata) : ComputeFaults.NoInstance(request.Path("server_id"));

    private async Task<ApiResult> ShowItemAsync(ApiRequest request, CancellationToken ct)
    {
        if (await FindAsync(request, ct) is not { } server)
            return ComputeFaults.NoInstance(request.Path("server_id"));
        var key = request.Path("key");
        return ServerJson.ReadStrings(server.Metadata).TryGetValue(key, out var value) ? AnswerItem(key, value) : NoItem();
    }

    private async Task<ApiResult> MergeAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var badBody, out var body))
            return badBody;
        if (ServerSchemas.Metadata.Refuses(body, out var invalid))
            return invalid;
        var given = Read(body.GetProperty("metadata"));
        return ToResult(await ChangeAsync(request, "update_metadata", old => Merge(old, given), ct));
    }

    private async Task<ApiResult> ReplaceAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var badBody, out var body))
            return badBody;
        if (ServerSchemas.Metadata.Refuses(body, out var invalid))
            return invalid;
        var given = Read(body.GetProperty("metadata"));
        return ToResult(await ChangeAsync(request, "update_metadata", _ => given, ct));
    }

    private async Task<ApiResult> PutItemAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var badBody, out var body))
            return badBody;
        if (ServerSchemas.MetadataItem.Refuses(body, out var invalid))
            return invalid;
        var (key, given) = (request.Path("key"), Read(body.GetProperty("meta")));
        if (!given.TryGetValue(key, out var value))
            return ComputeFaults.Invalid("Request body and URI mismatch");
        var outcome = await ChangeAsync(request, "update_metadata", old => Merge(old, given), ct);
        return outcome.Failed(out var fault, out _) ? fault : AnswerItem(key, value);
    }

    private async Task<ApiResult> DeleteItemAsync(ApiRequest request, CancellationToken ct)
    {
        var key = request.Path("key");
        var outcome = await ChangeAsync(request, "delete_metadata",
            old => old.Remove(key) ? old : null, ct);
        return outcome.Failed(out var fault, out _) ? fault : ApiResult.NoContent;
    }

    private Task<Server?> FindAsync(ApiRequest request, CancellationToken ct) => context.Database.ReadAsync((tx, token) =>
        ServerStore.FindAsync(tx, request.Caller, request.Path("server_id"), token), ct);

    /// <param name="change">The metadata as it should be; null: the item that was meant is not there.</param>
    private Task<Outcome<Server>> ChangeAsync(
        ApiRequest request, string action, Func<Dictionary<string, string>, Dictionary<string, string>?> change, CancellationToken ct) =>
        context.Database.TryWriteAsync<Server>(async (tx, token) =>
        {
            var id = request.Path("server_id");
            if (await ServerStore.FindAsync(tx, request.Caller, id, token) is not { } server)
                return ComputeFaults.NoInstance(id);
            if (ServerActionRules.CheckLock(server, request.Caller) is { } locked)
                return locked;
            if (change(ServerJson.ReadStrings(server.Metadata)) is not { } metadata)
                return NoItem();
            var limits = await QuotaStore.ListLimitsAsync(tx, server.ProjectId, null, token);
            if (QuotaRules.CheckMetadata(limits, metadata.Count) is { } tooMany)
                return tooMany;

            var next = server with { Metadata = ServerJson.WriteStrings(metadata), UpdatedAt = context.Clock.GetUtcNow() };
            await ServerStore.UpdateAsync(tx, next, token);
            await context.Events.ActionAsync(tx, request.Actor, next, action, token);
            return await ServerDocumentRefresh.RunAsync(tx, context, next, token);
        }, ct);

    private static Dictionary<string, string> Merge(Dictionary<string, string> old, Dictionary<string, string> given)
    {
        foreach (var (key, value) in given)
            old[key] = value;
        return old;
    }

    private static Dictionary<string, string> Read(JsonElement metadata) =>
        metadata.ToMap(static value => value.GetString()!);

    private static Fault NoItem() => ComputeFaults.NotFound("Metadata item was not found");

    private static ApiResult ToResult(Outcome<Server> outcome) => outcome.Failed(out var fault, out var server) ? fault : Answer(server.Metadata);

    private static ApiResult Answer(string metadata) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WritePropertyName("metadata");
        json.WriteRawValue(metadata);
        json.WriteEndObject();
    });

    private static ApiResult AnswerItem(string key, string value) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WriteStartObject("meta");
        json.WriteString(key, value);
        json.WriteEndObject();
        json.WriteEndObject();
    });
}
