using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.Catalog.Regions;

/// <param name="Extra">JSON object.</param>
internal sealed record Region(string Id, string? ParentId, string Description, string Extra);

/// <summary><c>/v3/regions</c>; a region's id is a name its maker may choose. Source: keystone/api/regions.py, keystone/catalog/core.py.</summary>
internal sealed class RegionRoutes(IdentityContext context)
{
    public static readonly Collection<Region> Regions = new(
        "regions", "region", "SELECT r.id, r.parent_id, r.description, r.extra FROM identity_regions r", "r.id",
        static row => new Region(row.String(0), row.NullableString(1), row.String(2), row.String(3)), static region => region.Id, Write);

    private static readonly HashSet<string> Known = ["description", "parent_region_id"];
    private static readonly FilterField[] Filters = [new("parent_region_id", "r.parent_id")];
    private static readonly JsonSchema Create = Members().Property("id", JsonSchema.String(0, 255));
    private static readonly JsonSchema Update = Members().Properties(min: 1);

    public void Map(ApiRoutes v3)
    {
        v3.Read("/regions", "identity:list_regions", ListAsync);
        v3.Post("/regions", CreateAsync).Allow("identity:create_region");
        v3.Read("/regions/{region_id}", "identity:get_region", ShowAsync);
        v3.Put("/regions/{region_id}", CreateAsync).Allow("identity:create_region");
        v3.Patch("/regions/{region_id}", UpdateAsync).Allow("identity:update_region");
        v3.Delete("/regions/{region_id}", DeleteAsync).Allow("identity:delete_region");
    }

    /// <summary>False: the id is taken.</summary>
    public static async Task<bool> TryInsertAsync(Session tx, Region region, CancellationToken ct) => await tx.ExecuteAsync(
        "INSERT INTO identity_regions (id, parent_id, description, extra) VALUES (@id, @parent, @description, @extra) ON CONFLICT DO NOTHING",
        ct, ("id", region.Id), ("parent", region.ParentId), ("description", region.Description), ("extra", region.Extra)) == 1;

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct) =>
        CollectionQuery.Read(request.Query, Filters).Failed(out var invalid, out var query)
            ? invalid
            : await Regions.ListAsync(context, request, query, ct);

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("region_id");
        return await context.Database.ReadAsync((tx, token) => Regions.FindAsync(tx, id, token), ct) is { } region
            ? Regions.Show(context, request, StatusCodes.Status200OK, region)
            : IdentityFaults.NotFound("region", id);
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadMemberAsync(request, "region", Create, ct)).Failed(out var invalid, out var body))
            return invalid;
        var (pathId, bodyId) = (request.Path("region_id"), body.StringOrNull("id") ?? "");
        if (pathId.Length > 0 && bodyId.Length > 0 && pathId != bodyId)
            return IdentityFaults.Invalid($"Conflicting region IDs specified: \"{pathId}\" != \"{bodyId}\"");
        var id = pathId.Length > 0 ? pathId : bodyId.Length > 0 ? bodyId : Ids.New();
        var region = Apply(new Region(id, null, "", Extra.None), body);
        return (await context.Database.TryWriteAsync<Region>(async (tx, token) =>
        {
            if (region.ParentId is { } parent && await Regions.FindAsync(tx, parent, token) is null)
                return IdentityFaults.NotFound("region", parent);
            if (!await TryInsertAsync(tx, region, token))
                return IdentityFaults.Conflict("region", $"Duplicate ID, {id}.");
            await context.Database.LogAsync(tx, request.Actor, "region", id, "create", token);
            return region;
        }, ct)).Failed(out var fault, out var created) ? fault : Regions.Show(context, request, StatusCodes.Status201Created, created);
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("region_id");
        if ((await IdentityBody.ReadMemberAsync(request, "region", Update, ct)).Failed(out var invalid, out var body))
            return invalid;
        if (BodyMembers.CheckId(body, id) is { } changed)
            return changed;
        return (await context.Database.TryWriteAsync<Region>(async (tx, token) =>
        {
            if (await Regions.FindAsync(tx, id, token) is not { } region)
                return IdentityFaults.NotFound("region", id);
            var updated = Apply(region, body);
            if (await CheckParentAsync(tx, updated, token) is { } refused)
                return refused;
            await tx.ExecuteAsync("UPDATE identity_regions SET parent_id = @parent, description = @description, extra = @extra WHERE id = @id",
                token, ("id", id), ("parent", updated.ParentId), ("description", updated.Description), ("extra", updated.Extra));
            await context.Database.LogAsync(tx, request.Actor, "region", id, "update", token);
            return updated;
        }, ct)).Failed(out var fault, out var region) ? fault : Regions.Show(context, request, StatusCodes.Status200OK, region);
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("region_id");
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (await Regions.FindAsync(tx, id, token) is null)
                return IdentityFaults.NotFound("region", id);
            const string Below =
                "WITH RECURSIVE tree (id) AS (SELECT id FROM identity_regions WHERE id = @id "
                + "UNION SELECT r.id FROM identity_regions r JOIN tree t ON r.parent_id = t.id) ";
            if (await tx.CountAsync(Below + "SELECT COUNT(*) FROM identity_endpoints WHERE region_id IN (SELECT id FROM tree)", token, ("id", id)) > 0)
                return new Fault(FaultKind.Forbidden, $"Unable to delete region {id} because it or its child regions have associated endpoints.");
            await tx.ExecuteAsync(Below + "DELETE FROM identity_policy_associations WHERE region_id IN (SELECT id FROM tree)", token, ("id", id));
            await tx.ExecuteAsync(Below + "DELETE FROM identity_regions WHERE id IN (SELECT id FROM tree)", token, ("id", id));
            await context.Database.LogAsync(tx, request.Actor, "region", id, "delete", token);
            return null;
        }, ct) is { } fault ? fault : ApiResult.NoContent;
    }

    private static async Task<Fault?> CheckParentAsync(Session tx, Region region, CancellationToken ct)
    {
        var above = region.ParentId;
        for (var next = above; next is not null;)
        {
            if (next == region.Id)
                return IdentityFaults.Invalid($"The specified parent region {above} would create a circular region hierarchy.");
            if (await Regions.FindAsync(tx, next, ct) is not { } found)
                return IdentityFaults.NotFound("region", next);
            next = found.ParentId;
        }

        return null;
    }

    private static JsonSchema Members() => JsonSchema.Object
        .Property("description", BodyMembers.NullableText).Property("parent_region_id", JsonSchema.NullableString(null, 255));

    private static Region Apply(Region region, JsonElement body) => region with
    {
        ParentId = body.Text("parent_region_id", region.ParentId) is { Length: > 0 } parent ? parent : null,
        Description = body.Text("description", region.Description) ?? "",
        Extra = Extra.Merge(region.Extra, body, Known),
    };

    private static void Write(Utf8JsonWriter writer, Region region)
    {
        writer.WriteString("id", region.Id);
        writer.WriteString("description", region.Description);
        writer.WriteString("parent_region_id", region.ParentId);
        Extra.Write(writer, region.Extra);
    }
}
