using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using static Appliance.Controller.Placement.PlacementHandlers;

namespace Appliance.Controller.Placement.Classes;

/// <summary>Placement API: "Resource classes". Behaviour: placement/handlers/resource_class.py.</summary>
internal sealed class ResourceClassRoutes(Database database, PlacementChanges changes, TimeProvider clock)
{
    private const string Policies = "placement:resource_classes:";

    private static readonly JsonSchema Named = JsonSchema.Object.Closed().Required("name", ResourceClassNames.CustomSchema);

    public void Map(ApiRoutes root)
    {
        var since = PlacementVersions.ResourceClasses;
        var classes = root.Group("/resource_classes");
        classes.Get("", Showing(ListAsync, since)).Allow(Policies + "list");
        classes.Post("", Taking(CreateAsync, since)).Allow(Policies + "create");
        classes.Get("/{name}", Showing(ShowAsync, since)).Allow(Policies + "show");
        classes.Put("/{name}", Plain(PutAsync, since)).Allow(Policies + "update");
        classes.Delete("/{name}", Plain(DeleteAsync, since)).Allow(Policies + "delete");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        var names = await database.ReadAsync(ResourceClassNames.ListAsync, ct);
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("resource_classes");
            foreach (var name in names)
                Write(json, name);
            json.WriteEndArray();
            json.WriteEndObject();
        }).Fresh(request, clock.GetUtcNow());
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var name = request.Path("name");
        return await database.ReadAsync((tx, token) => ResourceClassNames.ExistsAsync(tx, name, token), ct)
            ? ApiResult.Ok(json => Write(json, name)).Fresh(request, clock.GetUtcNow()) : Missing(name);
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(Named, ct)).Failed(out var bad, out var body))
            return bad;
        var name = body.StringOrNull("name")!;
        return await InsertAsync(request, name, ct)
            ? Created(request, name) : PlacementFaults.Conflict($"Conflicting resource class already exists: {name}");
    }

    private async Task<ApiResult> PutAsync(ApiRequest request, CancellationToken ct)
    {
        var name = request.Path("name");
        if (!request.Has(PlacementVersions.PutResourceClass))
            return await Taking(RenameAsync)(request, ct);
        if (PlacementRequest.CheckName("JSON does not validate", Named, name) is { } invalid)
            return invalid;
        return await InsertAsync(request, name, ct)
            ? Created(request, name) : ApiResult.NoContent.With("Location", LocationOf(request, name));
    }

    // What PUT was before version 1.7.
    private async Task<ApiResult> RenameAsync(ApiRequest request, CancellationToken ct)
    {
        var name = request.Path("name");
        if ((await request.ReadJsonAsync(Named, ct)).Failed(out var bad, out var body))
            return bad;
        var newName = body.StringOrNull("name")!;
        var fault = await database.TryWriteAsync(async (tx, token) =>
        {
            if (!await ResourceClassNames.ExistsAsync(tx, name, token))
                return Missing(name);
            if (ResourceClassNames.IsStandard(name))
                return PlacementFaults.Invalid($"Cannot update standard resource class {name}");
            if (await ResourceClassNames.ExistsAsync(tx, newName, token))
                return PlacementFaults.Conflict($"Resource class already exists: {newName}");
            await ResourceClassNames.RenameAsync(tx, name, newName, token);
            await changes.AppendAsync(tx, request, PlacementChanges.ResourceClass, newName, "update", token);
            return (Fault?)null;
        }, ct);
        return fault is not null ? fault : ApiResult.Ok(json => Write(json, newName));
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        var name = request.Path("name");
        var fault = await database.TryWriteAsync(async (tx, token) =>
        {
            if (!await ResourceClassNames.ExistsAsync(tx, name, token))
                return Missing(name);
            if (ResourceClassNames.IsStandard(name))
                return PlacementFaults.Invalid($"Error in delete resource class: Cannot delete standard resource class {name}.");
            if (await ResourceClassNames.IsUsedAsync(tx, name, token))
                return PlacementFaults.Conflict($"Error in delete resource class: Cannot delete resource class {name}. Class is in use in inventory.");
            await ResourceClassNames.DeleteAsync(tx, name, token);
            await changes.AppendAsync(tx, request, PlacementChanges.ResourceClass, name, "delete", token);
            return (Fault?)null;
        }, ct);
        return fault is not null ? fault : ApiResult.NoContent;
    }

    // False when it exists already.
    private Task<bool> InsertAsync(ApiRequest request, string name, CancellationToken ct) => database.WriteAsync(async (tx, token) =>
    {
        if (!await ResourceClassNames.InsertAsync(tx, name, clock.GetUtcNow(), token))
            return false;
        await changes.AppendAsync(tx, request, PlacementChanges.ResourceClass, name, "create", token);
        return true;
    }, ct);

    private static ApiResult Created(ApiRequest request, string name) =>
        ApiResult.Status(StatusCodes.Status201Created).With("Location", LocationOf(request, name));

    private static string LocationOf(ApiRequest request, string name) => $"{request.BaseUrl}/resource_classes/{name}";

    private static Fault Missing(string name) => PlacementFaults.NotFound($"No such resource class {name}.");

    private static void Write(Utf8JsonWriter json, string name)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteStartArray("links");
        json.WriteStartObject();
        json.WriteString("rel", "self");
        json.WriteString("href", $"/placement/resource_classes/{name}");
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
