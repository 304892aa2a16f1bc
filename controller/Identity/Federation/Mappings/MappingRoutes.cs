using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.Federation.Mappings;

/// <summary><c>/v3/OS-FEDERATION/mappings</c>. Source: keystone/api/os_federation.py.</summary>
internal sealed class MappingRoutes(IdentityContext context)
{
    private static readonly JsonElement Nothing = JsonDocument.Parse("{}").RootElement;

    public void Map(ApiRoutes v3)
    {
        var mappings = v3.Group("/OS-FEDERATION/mappings");
        mappings.Read("", "identity:list_mappings", ListAsync);
        mappings.Read("/{mapping_id}", "identity:get_mapping", ShowAsync);
        mappings.Put("/{mapping_id}", CreateAsync).Allow("identity:create_mapping");
        mappings.Patch("/{mapping_id}", UpdateAsync).Allow("identity:update_mapping");
        mappings.Delete("/{mapping_id}", DeleteAsync).Allow("identity:delete_mapping");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct) => CollectionQuery.Read(request.Query).Failed(out var invalid, out var query)
        ? invalid
        : await MappingJson.Mappings.ListAsync(context, request, query, ct);

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("mapping_id");
        return await context.Database.ReadAsync((tx, token) => MappingJson.Mappings.FindAsync(tx, id, token), ct) is { } mapping
            ? MappingJson.Mappings.Show(context, request, StatusCodes.Status200OK, mapping)
            : IdentityFaults.NotFound("mapping", id);
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await ReadAsync(request, ct)).Failed(out var invalid, out var mapping))
            return invalid;
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (await tx.ExecuteAsync(
                "INSERT INTO identity_mappings (id, rules, schema_version) VALUES (@id, @rules, @version) ON CONFLICT DO NOTHING",
                token, ("id", mapping.Id), ("rules", mapping.Rules), ("version", mapping.SchemaVersion)) == 0)
                return IdentityFaults.Conflict("mapping", $"Duplicate entry found with ID {mapping.Id}");
            await context.Database.LogAsync(tx, request.Actor, "mapping", mapping.Id, "create", token);
            return (Fault?)null;
        }, ct) is { } fault ? fault : MappingJson.Mappings.Show(context, request, StatusCodes.Status201Created, mapping);
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await ReadAsync(request, ct)).Failed(out var invalid, out var mapping))
            return invalid;
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (await tx.ExecuteAsync("UPDATE identity_mappings SET rules = @rules, schema_version = @version WHERE id = @id",
                token, ("id", mapping.Id), ("rules", mapping.Rules), ("version", mapping.SchemaVersion)) == 0)
                return IdentityFaults.NotFound("mapping", mapping.Id);
            await context.Database.LogAsync(tx, request.Actor, "mapping", mapping.Id, "update", token);
            return (Fault?)null;
        }, ct) is { } fault ? fault : MappingJson.Mappings.Show(context, request, StatusCodes.Status200OK, mapping);
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("mapping_id");
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (await tx.ExecuteAsync("DELETE FROM identity_mappings WHERE id = @id", token, ("id", id)) == 0)
                return IdentityFaults.NotFound("mapping", id);
            await context.Database.LogAsync(tx, request.Actor, "mapping", id, "delete", token);
            return (Fault?)null;
        }, ct) is { } fault ? fault : ApiResult.NoContent;
    }

    private static async Task<Outcome<Mapping>> ReadAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadAsync(request, ct)).Failed(out var unreadable, out var body))
            return unreadable;
        var asked = body.Member("mapping") ?? Nothing;
        var version = asked.StringOrNull("schema_version") is { Length: > 0 } given ? given : Mapping.DefaultVersion;
        if (MappingJson.SchemaOf(version) is not { } schema)
            return IdentityFaults.Invalid($"There is no version {version} of attribute mappings.");
        // All that is wrong is told, a line each.
        var errors = schema.CheckAll(asked);
        return errors.Count > 0
            ? IdentityFaults.Invalid(string.Concat(errors.Select(static error => error.Message + "\n")))
            : new Mapping(request.Path("mapping_id"), asked.GetProperty("rules").GetRawText(), version);
    }
}
