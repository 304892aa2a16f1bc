using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.Catalog.Filters;

/// <summary><c>/v3/OS-EP-FILTER/endpoint_groups</c>. Source: keystone/api/os_ep_filter.py.</summary>
internal sealed class EndpointGroupRoutes(IdentityContext context)
{
    private static readonly FilterField[] Filters = [new("name", "g.name")];

    public void Map(ApiRoutes v3)
    {
        var groups = v3.Group("/OS-EP-FILTER/endpoint_groups");
        groups.Read("", "identity:list_endpoint_groups", ListAsync);
        groups.Post("", CreateAsync).Allow("identity:create_endpoint_group");
        groups.Read("/{endpoint_group_id}", "identity:get_endpoint_group", ShowAsync);
        groups.Patch("/{endpoint_group_id}", UpdateAsync).Allow("identity:update_endpoint_group");
        groups.Delete("/{endpoint_group_id}", DeleteAsync).Allow("identity:delete_endpoint_group");
    }

    public static Fault NotFound(string id) => IdentityFaults.NotFound("Endpoint Group", id);

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct) =>
        CollectionQuery.Read(request.Query, Filters).Failed(out var invalid, out var query)
            ? invalid
            : await EndpointGroupJson.Groups.ListAsync(context, request, query, ct);

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("endpoint_group_id");
        return await context.Database.ReadAsync((tx, token) => EndpointGroupJson.Groups.FindAsync(tx, id, token), ct) is { } group
            ? EndpointGroupJson.Groups.Show(context, request, StatusCodes.Status200OK, group)
            : NotFound(id);
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadWholeAsync(request, EndpointGroupJson.Create, ct)).Failed(out var invalid, out var body))
            return invalid;
        var asked = body.GetProperty("endpoint_group");
        if (!asked.GetProperty("filters").EnumerateObject().Any())
            return IdentityFaults.Invalid("filters field is required and cannot be empty");
        if (CheckFilters(asked) is { } unknown)
            return unknown;
        var group = Apply(new EndpointGroup(Ids.New(), "", null, Extra.None), asked);
        await context.Database.WriteAsync(async (tx, token) =>
        {
            await tx.ExecuteAsync("INSERT INTO identity_endpoint_groups (id, name, description, filters) VALUES (@id, @name, @description, @filters)",
                token, ("id", group.Id), ("name", group.Name), ("description", group.Description), ("filters", group.Filters));
            await context.Database.LogAsync(tx, request.Actor, "endpoint_group", group.Id, "create", token);
        }, ct);
        return EndpointGroupJson.Groups.Show(context, request, StatusCodes.Status201Created, group);
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("endpoint_group_id");
        if ((await IdentityBody.ReadWholeAsync(request, EndpointGroupJson.Update, ct)).Failed(out var invalid, out var body))
            return invalid;
        var asked = body.GetProperty("endpoint_group");
        if (CheckFilters(asked) is { } unknown)
            return unknown;
        return (await context.Database.TryWriteAsync<EndpointGroup>(async (tx, token) =>
        {
            if (await EndpointGroupJson.Groups.FindAsync(tx, id, token) is not { } group)
                return NotFound(id);
            var updated = Apply(group, asked);
            await tx.ExecuteAsync("UPDATE identity_endpoint_groups SET name = @name, description = @description, filters = @filters WHERE id = @id",
                token, ("id", id), ("name", updated.Name), ("description", updated.Description), ("filters", updated.Filters));
            await context.Database.LogAsync(tx, request.Actor, "endpoint_group", id, "update", token);
            return updated;
        }, ct)).Failed(out var fault, out var shown) ? fault : EndpointGroupJson.Groups.Show(context, request, StatusCodes.Status200OK, shown);
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("endpoint_group_id");
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (await tx.ExecuteAsync("DELETE FROM identity_endpoint_groups WHERE id = @id", token, ("id", id)) == 0)
                return NotFound(id);
            await tx.ExecuteAsync("DELETE FROM identity_project_endpoint_groups WHERE group_id = @id", token, ("id", id));
            await context.Database.LogAsync(tx, request.Actor, "endpoint_group", id, "delete", token);
            return (Fault?)null;
        }, ct) is { } fault ? fault : ApiResult.NoContent;
    }

    private static Fault? CheckFilters(JsonElement asked) =>
        asked.Member("filters") is { } filters && filters.EnumerateObject().Any(static filter => !EndpointGroup.FilterNames.Contains(filter.Name))
            ? IdentityFaults.Expecting(string.Join(" or ", EndpointGroup.FilterNames), "endpoint_group")
            : null;

    private static EndpointGroup Apply(EndpointGroup group, JsonElement body) => group with
    {
        Name = body.Text("name", group.Name)!,
        Description = body.Text("description", group.Description),
        Filters = body.Member("filters") is { } filters ? filters.GetRawText() : group.Filters,
    };
}
