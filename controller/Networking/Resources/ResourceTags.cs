using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Networking.Resources;

/// <summary>
/// Tags of one resource: <c>/networks/{id}/tags</c>. Source: neutron/extensions/tagging.py; the policies are the resource's own
/// (<c>get_network:tags</c>, <c>update_network:tags</c>, <c>delete_network:tags</c>).
/// </summary>
internal sealed class ResourceTags<T>(ResourceKind<T> kind, NetworkingContext context) where T : Resource
{
    // neutron/extensions/tagging.py, MAX_TAG_LEN.
    private const int MaxTagLength = 255;

    public void Map(ApiRoutes v2)
    {
        var all = $"{kind.Path}/{{id}}/tags";
        v2.Get(all, ListAsync).Allow($"get_{kind.Name}:tags");
        v2.Put(all, ReplaceAsync).Allow($"update_{kind.Name}:tags");
        v2.Post(all, AddManyAsync).Allow($"update_{kind.Name}:tags");
        v2.Delete(all, ClearAsync).Allow($"delete_{kind.Name}:tags");
        v2.Get($"{all}/{{tag}}", ShowAsync).Allow($"get_{kind.Name}:tags");
        v2.Put($"{all}/{{tag}}", AddAsync).Allow($"update_{kind.Name}:tags");
        v2.Delete($"{all}/{{tag}}", RemoveAsync).Allow($"delete_{kind.Name}:tags");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct) =>
        await FindAsync(request, ct) is { } item ? View(200, item.Tags) : NotFound(request);

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        if (await FindAsync(request, ct) is not { } item)
            return NotFound(request);
        return item.Tags.Contains(request.Path("tag")) ? ApiResult.NoContent : TagNotFound(request.Path("tag"));
    }

    private Task<ApiResult> ReplaceAsync(ApiRequest request, CancellationToken ct) =>
        ChangeFromBodyAsync(request, 200, static (_, given) => given, ct);

    private Task<ApiResult> AddManyAsync(ApiRequest request, CancellationToken ct) =>
        ChangeFromBodyAsync(request, 200, static (old, given) => [.. old, .. given], ct);

    private async Task<ApiResult> AddAsync(ApiRequest request, CancellationToken ct)
    {
        var tag = request.Path("tag");
        if (CheckTag(tag) is { } bad)
            return bad;
        var outcome = await ChangeAsync(request, old => (List<string>)[.. old, tag], ct);
        return outcome.Failed(out var fault, out _) ? fault : ApiResult.Status(201);
    }

    private async Task<ApiResult> RemoveAsync(ApiRequest request, CancellationToken ct)
    {
        var tag = request.Path("tag");
        var outcome = await ChangeAsync(request, Outcome<List<string>> (old) =>
            old.Contains(tag) ? old.Where(other => other != tag).ToList() : TagNotFound(tag), ct);
        return outcome.Failed(out var fault, out _) ? fault : ApiResult.NoContent;
    }

    private async Task<ApiResult> ClearAsync(ApiRequest request, CancellationToken ct)
    {
        var outcome = await ChangeAsync(request, static _ => (List<string>)[], ct);
        return outcome.Failed(out var fault, out _) ? fault : ApiResult.NoContent;
    }

    private async Task<ApiResult> ChangeFromBodyAsync(
        ApiRequest request, int status, Func<List<string>, List<string>, List<string>> merge, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var unreadable, out var body))
            return unreadable;
        if (ReadTags(body).Failed(out var bad, out var given))
            return bad;
        var outcome = await ChangeAsync(request, old => merge(old, given), ct);
        return outcome.Failed(out var fault, out var item) ? fault : View(status, item.Tags);
    }

    private Task<Outcome<T>> ChangeAsync(ApiRequest request, Func<List<string>, Outcome<List<string>>> change, CancellationToken ct) =>
        context.Database.TryWriteAsync(async Task<Outcome<T>> (tx, token) =>
        {
            if (await kind.FindAsync(tx, request.Caller, request.Path("id"), token) is not { } item)
                return kind.NotFound(request.Path("id"));
            if (context.Check($"update_{kind.Name}:tags", request.Caller, item.ProjectId) is { } refused)
                return refused;
            if (change([.. item.Tags]).Failed(out var fault, out var tags))
                return fault;
            var changed = kind.Touch(item) with { Tags = [.. tags.Distinct().Order(StringComparer.Ordinal)] };
            await kind.Table.UpdateAsync(tx, changed, token);
            await context.LogAsync(tx, request.Actor, kind.Name, changed, "update", token);
            return changed;
        }, ct);

    private Task<T?> FindAsync(ApiRequest request, CancellationToken ct) =>
        context.Database.ReadAsync((tx, token) => kind.FindAsync(tx, request.Caller, request.Path("id"), token), ct);

    private static Outcome<List<string>> ReadTags(JsonElement body)
    {
        if (body.Member("tags") is not { } given)
            return NeutronErrors.InvalidInput("Invalid tags body");
        if (given.ValueKind != JsonValueKind.Array)
            return NeutronErrors.InvalidInput($"'{PythonText.Str(given)}' is not a list");
        var tags = new List<string>();
        foreach (var item in given.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String)
                return NeutronErrors.InvalidInput($"'{PythonText.Str(item)}' is not a valid string");
            if (CheckTag(item.GetString()!) is { } bad)
                return bad;
            tags.Add(item.GetString()!);
        }

        return tags;
    }

    private static Fault? CheckTag(string tag) =>
        tag.Trim().Length == 0 ? NeutronErrors.InvalidInput($"'{tag}' Blank strings are not permitted")
        : tag.Length > MaxTagLength ? NeutronErrors.InvalidInput($"'{tag}' exceeds maximum length of {MaxTagLength}")
        : tag.Contains('\n', StringComparison.Ordinal) ? NeutronErrors.InvalidInput($"'{tag}' is not a valid string") : null;

    private static ApiResult View(int status, IReadOnlyList<string> tags) => ApiResult.Json(status, json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("tags");
        foreach (var tag in tags)
            json.WriteStringValue(tag);
        json.WriteEndArray();
        json.WriteEndObject();
    });

    private ApiResult NotFound(ApiRequest request) => kind.NotFound(request.Path("id"));

    private static Fault TagNotFound(string tag) => NeutronErrors.NotFound("TagNotFound", $"Tag {tag} could not be found.");
}
