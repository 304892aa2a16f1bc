using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Networking.Attributes;
using Appliance.Controller.Networking.Quotas;

namespace Appliance.Controller.Networking.Resources;

/// <summary>
/// The operations every resource has, once for all: list, show, create (one or many), update, delete. Source: neutron/pecan_wsgi/
/// (controllers/resource.py, hooks) and neutron/api/v2/base.py.
/// </summary>
internal sealed class ResourceRoutes<T>(ResourceKind<T> kind, NetworkingContext context) where T : Resource
{
    public void Map(ApiRoutes v2)
    {
        var one = $"{kind.Path}/{{id}}";
        v2.Get(kind.Path, ListAsync).Allow($"get_{kind.Name}");
        v2.Post(kind.Path, CreateAsync).Allow($"create_{kind.Name}");
        v2.Get(one, ShowAsync).Allow($"get_{kind.Name}");
        if (context.Policy.Knows("neutron", $"update_{kind.Name}"))
            v2.Put(one, UpdateAsync).Allow($"update_{kind.Name}");
        v2.Delete(one, DeleteAsync).Allow($"delete_{kind.Name}");
        if (kind.HasTags)
            new ResourceTags<T>(kind, context).Map(v2);
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        if (ListQuery.Read(request.Query, kind.Attributes).Failed(out var bad, out var query))
            return bad;
        await kind.PrepareListAsync(request.Caller, ct);
        var outcome = await context.Database.ReadAsync((tx, token) => kind.ListAsync(tx, request.Caller, query, token), ct);
        if (outcome.Failed(out var fault, out var items))
            return fault;

        var selected = kind.Attributes.Select(request.Caller, context.Policy, query.Fields);
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray(kind.Collection);
            foreach (var item in items)
                AttributeTable<T>.Write(json, item, selected);
            json.WriteEndArray();
            PageLinks.Write(json, request, kind.Collection, query, items.Count, items.FirstOrDefault()?.Id, items.LastOrDefault()?.Id);
            json.WriteEndObject();
        });
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var item = await context.Database.ReadAsync((tx, token) => kind.FindAsync(tx, request.Caller, request.Path("id"), token), ct);
        return item is null ? kind.NotFound(request.Path("id")) : View(200, request, item);
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var unreadable, out var body))
            return unreadable;
        if (BodyReader.ReadCreate(body, kind.Name, kind.Collection, kind.Attributes.All, request.Caller).Failed(out var bad, out var bodies))
            return bad;
        foreach (var values in bodies.Items)
        {
            if (CheckAttributes("create", request.Caller, values) is { } refused)
                return refused;
        }

        var requester = new Requester(request.Caller, request.Actor);
        var outcome = await context.Database.TryWriteAsync((tx, token) => InsertAsync(tx, requester, bodies.Items, token), ct);
        if (outcome.Failed(out var fault, out var created))
            return fault;
        return bodies.IsBulk ? View(201, request, created) : View(201, request, created[0]);
    }

    private async Task<Outcome<List<T>>> InsertAsync(Session tx, Requester requester, IReadOnlyList<AttributeValues> items, CancellationToken ct)
    {
        var created = new List<T>();
        foreach (var values in items)
        {
            if (await QuotaStore.CheckAsync(tx, values.Text("project_id", ""), kind.Name, kind.Table.Name, 1, ct) is { } over)
                return over;
            if ((await kind.CreateAsync(tx, requester, values, ct)).Failed(out var fault, out var item))
                return fault;
            await context.LogAsync(tx, requester.Actor, kind.Name, item, "create", ct);
            created.Add(item);
        }

        return created;
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var unreadable, out var body))
            return unreadable;
        if (BodyReader.ReadUpdate(body, kind.Name, kind.Attributes.All, request.Caller).Failed(out var bad, out var changes))
            return bad;

        var outcome = await context.Database.TryWriteAsync(async Task<Outcome<T>> (tx, token) =>
        {
            if ((await GetForChangeAsync(tx, request, "update", token)).Failed(out var refused, out var current))
                return refused;
            if (CheckAttributes("update", request.Caller, changes) is { } attribute)
                return attribute;
            var requester = new Requester(request.Caller, request.Actor);
            if ((await kind.UpdateAsync(tx, requester, current, changes, token)).Failed(out var fault, out var changed))
                return fault;
            await context.LogAsync(tx, request.Actor, kind.Name, changed, "update", token);
            return changed;
        }, ct);
        return outcome.Failed(out var failure, out var item) ? failure : View(200, request, item);
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        var fault = await context.Database.TryWriteAsync(async Task<Fault?> (tx, token) =>
        {
            if ((await GetForChangeAsync(tx, request, "delete", token)).Failed(out var refused, out var current))
                return refused;
            if (await kind.DeleteAsync(tx, new Requester(request.Caller, request.Actor), current, token) is { } kept)
                return kept;
            await context.LogAsync(tx, request.Actor, kind.Name, current, "delete", token);
            return null;
        }, ct);
        return fault is null ? ApiResult.NoContent : fault;
    }

    // Not visible is 404, visible but somebody else's is 403.
    private async Task<Outcome<T>> GetForChangeAsync(Session tx, ApiRequest request, string action, CancellationToken ct)
    {
        if (await kind.FindAsync(tx, request.Caller, request.Path("id"), ct) is not { } current)
            return kind.NotFound(request.Path("id"));
        if (context.Check($"{action}_{kind.Name}", request.Caller, current.ProjectId) is { } refused)
            return refused;
        if (RevisionConstraint.Check(request.Http.Request.Headers.IfMatch, current.RevisionNumber) is { } stale)
            return stale;
        return current;
    }

    private Fault? CheckAttributes(string action, Caller caller, AttributeValues values)
    {
        foreach (var name in values.Names)
        {
            if (kind.Attributes.Find(name) is not { IsGuarded: true } attribute)
                continue;
            var isDefault = action == "create" && Equals(values.Raw(name), attribute.Default);
            var rule = $"{action}_{kind.Name}:{name}";
            if (!isDefault && context.Policy.Knows("neutron", rule) && context.Check(rule, caller, caller.ProjectId) is { } refused)
                return refused;
        }

        return kind.CheckParts(action, caller, values);
    }

    private ApiResult View(int status, ApiRequest request, T item)
    {
        var selected = kind.Attributes.Select(request.Caller, context.Policy, Fields(request));
        return ApiResult.Json(status, json =>
        {
            json.WriteStartObject();
            json.WritePropertyName(kind.Name);
            AttributeTable<T>.Write(json, item, selected);
            json.WriteEndObject();
        });
    }

    private ApiResult View(int status, ApiRequest request, IReadOnlyList<T> items)
    {
        var selected = kind.Attributes.Select(request.Caller, context.Policy, Fields(request));
        return ApiResult.Json(status, json =>
        {
            json.WriteStartObject();
            json.WriteStartArray(kind.Collection);
            foreach (var item in items)
                AttributeTable<T>.Write(json, item, selected);
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static List<string> Fields(ApiRequest request) =>
        [.. request.Query["fields"].OfType<string>().Where(static field => field.Length > 0)];
}
