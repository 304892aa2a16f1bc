using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Http.Policies;
using Appliance.Controller.Identity.Catalog.Regions;
using Appliance.Controller.Identity.Catalog.Services;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.Catalog.Endpoints;

/// <param name="Url">As stored: may hold <c>$(name)s</c>.</param>
/// <param name="Extra">JSON object.</param>
internal sealed record Endpoint(string Id, string ServiceId, string? RegionId, string Interface, string Url, bool Enabled, string? Name, string Extra);

/// <summary><c>/v3/endpoints</c>. Source: keystone/api/endpoints.py, keystone/catalog/core.py.</summary>
internal sealed class EndpointRoutes(IdentityContext context)
{
    private const string Select =
        "SELECT e.id, e.service_id, e.region_id, e.interface, e.url, e.enabled, e.name, e.extra FROM identity_endpoints e";

    private static readonly HashSet<string> Known = ["service_id", "region_id", "region", "interface", "url", "enabled", "name"];
    private static readonly FilterField[] Filters = [new("interface", "e.interface"), new("service_id", "e.service_id"), new("region_id", "e.region_id")];
    private static readonly JsonSchema Interface = JsonSchema.OneOfValues("admin", "internal", "public");
    private static readonly JsonSchema Url = JsonSchema.String(0, 225).Pattern("^[a-zA-Z0-9+.-]+:.+");

    private static readonly JsonSchema Create = Members()
        .Required("interface", Interface).Required("service_id", JsonSchema.String()).Required("url", Url);

    private static readonly JsonSchema Update = Members()
        .Property("interface", Interface).Property("service_id", JsonSchema.String()).Property("url", Url).Properties(min: 1);

    public static Task<Endpoint?> FindAsync(Session tx, string id, CancellationToken ct) =>
        tx.FindAsync($"{Select} WHERE e.id = @id", Map, ct, ("id", id));

    public static Task<List<Endpoint>> ListAllAsync(Session tx, CancellationToken ct) => tx.ListAsync($"{Select} ORDER BY e.id", Map, ct);

    /// <summary>A list of endpoints that was made elsewhere.</summary>
    public ApiResult AnswerList(ApiRequest request, IEnumerable<Endpoint> endpoints)
    {
        var (collection, v3) = (EndpointsFor(request), context.V3Url(request));
        return SmallList.Answer(context, request, collection.Plural, writer =>
        {
            foreach (var endpoint in endpoints)
                collection.WriteItem(writer, endpoint, v3);
        });
    }

    public void Map(ApiRoutes v3)
    {
        v3.Read("/endpoints", "identity:list_endpoints", ListAsync);
        v3.Post("/endpoints", CreateAsync).Allow("identity:create_endpoint");
        v3.Read("/endpoints/{endpoint_id}", "identity:get_endpoint", ShowAsync, FindTargetAsync);
        v3.Patch("/endpoints/{endpoint_id}", UpdateAsync).Allow("identity:update_endpoint", FindTargetAsync);
        v3.Delete("/endpoints/{endpoint_id}", DeleteAsync).Allow("identity:delete_endpoint", FindTargetAsync);
    }

    private async ValueTask<PolicyTarget> FindTargetAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("endpoint_id");
        return await context.Database.ReadAsync((tx, token) => FindAsync(tx, id, token), ct) is null
            ? new PolicyTarget(null) { Missing = IdentityFaults.NotFound("endpoint", id) }
            : PolicyTarget.Of(request.Caller);
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct) =>
        CollectionQuery.Read(request.Query, Filters).Failed(out var invalid, out var query)
            ? invalid
            : await EndpointsFor(request).ListAsync(context, request, query, ct);

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var (id, endpoints) = (request.Path("endpoint_id"), EndpointsFor(request));
        return await context.Database.ReadAsync((tx, token) => endpoints.FindAsync(tx, id, token), ct) is { } endpoint
            ? endpoints.Show(context, request, StatusCodes.Status200OK, endpoint)
            : IdentityFaults.NotFound("endpoint", id);
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadMemberAsync(request, "endpoint", Create, ct)).Failed(out var invalid, out var body))
            return invalid;
        var endpoint = Apply(new Endpoint(Ids.New(), "", null, "", "", true, null, Extra.None), body);
        if (CheckUrl(endpoint.Url) is { } badUrl)
            return badUrl;
        return (await context.Database.TryWriteAsync<Endpoint>(async (tx, token) =>
        {
            if (await CheckPlaceAsync(tx, endpoint, body, token) is { } refused)
                return refused;
            await tx.ExecuteAsync(
                """
                INSERT INTO identity_endpoints (id, service_id, region_id, interface, url, enabled, name, extra)
                VALUES (@id, @service, @region, @interface, @url, @enabled, @name, @extra)
                """, token, Bind(endpoint));
            await context.Database.LogAsync(tx, request.Actor, "endpoint", endpoint.Id, "create", token);
            return endpoint;
        }, ct)).Failed(out var fault, out var created) ? fault : EndpointsFor(request).Show(context, request, StatusCodes.Status201Created, created);
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        var (id, endpoints) = (request.Path("endpoint_id"), EndpointsFor(request));
        if ((await IdentityBody.ReadMemberAsync(request, "endpoint", Update, ct)).Failed(out var invalid, out var body))
            return invalid;
        if ((BodyMembers.CheckId(body, id) ?? (body.StringOrNull("url") is { } url ? CheckUrl(url) : null)) is { } bad)
            return bad;
        return (await context.Database.TryWriteAsync<Endpoint>(async (tx, token) =>
        {
            if (await endpoints.FindAsync(tx, id, token) is not { } endpoint)
                return IdentityFaults.NotFound("endpoint", id);
            var updated = Apply(endpoint, body);
            if (await CheckPlaceAsync(tx, updated, body, token) is { } refused)
                return refused;
            await tx.ExecuteAsync(
                """
                UPDATE identity_endpoints SET service_id = @service, region_id = @region, interface = @interface, url = @url, enabled = @enabled,
                    name = @name, extra = @extra WHERE id = @id
                """, token, Bind(updated));
            await context.Database.LogAsync(tx, request.Actor, "endpoint", id, "update", token);
            return updated;
        }, ct)).Failed(out var fault, out var shown) ? fault : endpoints.Show(context, request, StatusCodes.Status200OK, shown);
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("endpoint_id");
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (await tx.ExecuteAsync("DELETE FROM identity_endpoints WHERE id = @id", token, ("id", id)) == 0)
                return IdentityFaults.NotFound("endpoint", id);
            await tx.ExecuteAsync("DELETE FROM identity_project_endpoints WHERE endpoint_id = @id", token, ("id", id));
            await tx.ExecuteAsync("DELETE FROM identity_policy_associations WHERE endpoint_id = @id", token, ("id", id));
            await context.Database.LogAsync(tx, request.Actor, "endpoint", id, "delete", token);
            return (Fault?)null;
        }, ct) is { } fault ? fault : ApiResult.NoContent;
    }

    // The old "region" makes the region when it is new; "region_id" must exist.
    private static async Task<Fault?> CheckPlaceAsync(Session tx, Endpoint endpoint, JsonElement body, CancellationToken ct)
    {
        if (endpoint.RegionId is { } region)
        {
            if (body.StringOrNull("region_id") is null && body.StringOrNull("region") is not null)
                await RegionRoutes.TryInsertAsync(tx, new Region(region, null, "", Extra.None), ct);
            else if (await RegionRoutes.Regions.FindAsync(tx, region, ct) is null)
                return IdentityFaults.Expecting("endpoint region_id", "region table");
        }

        return await ServiceRoutes.Services.FindAsync(tx, endpoint.ServiceId, ct) is null
            ? IdentityFaults.Expecting("endpoint service_id", "service table")
            : null;
    }

    private static Fault? CheckUrl(string url)
    {
        var filled = EndpointUrl.Resolve(url, "http://host", "id", "id") ?? "";
        // Clients put the URL into requests of theirs: a line break would begin a header.
        return filled.Contains("$(", StringComparison.Ordinal) || filled.Contains("%(", StringComparison.Ordinal) || filled.Any(char.IsControl)
            ? IdentityFaults.Invalid($"Cannot create an endpoint with an invalid URL: {url}.")
            : null;
    }

    private static JsonSchema Members() => JsonSchema.Object
        .Property("enabled", JsonSchema.Boolean).Property("region_id", BodyMembers.NullableText).Property("region", BodyMembers.NullableText)
        .Property("name", BodyMembers.NullableText).Property("description", BodyMembers.NullableText);

    private static Endpoint Apply(Endpoint endpoint, JsonElement body) => endpoint with
    {
        ServiceId = body.Text("service_id", endpoint.ServiceId)!,
        RegionId = body.Text("region_id", body.Text("region", endpoint.RegionId)),
        Interface = body.Text("interface", endpoint.Interface)!,
        Url = body.Text("url", endpoint.Url)!,
        Enabled = body.Flag("enabled", endpoint.Enabled),
        Name = body.Text("name", endpoint.Name),
        Extra = Extra.Merge(endpoint.Extra, body, Known),
    };

    // Where this controller's own address stands in a URL, the reader sees the one it came through.
    private Collection<Endpoint> EndpointsFor(ApiRequest request)
    {
        var baseUrl = context.BaseUrl(request);
        return new Collection<Endpoint>("endpoints", "endpoint", Select, "e.id", Map, static endpoint => endpoint.Id,
            (writer, endpoint) => Write(writer, endpoint, baseUrl));
    }

    private static Endpoint Map(Row row) => new(
        row.String(0), row.String(1), row.NullableString(2), row.String(3), row.String(4), row.Bool(5), row.NullableString(6), row.String(7));

    private static void Write(Utf8JsonWriter writer, Endpoint endpoint, string baseUrl)
    {
        writer.WriteString("id", endpoint.Id);
        writer.WriteString("interface", endpoint.Interface);
        writer.WriteString("region", endpoint.RegionId);
        writer.WriteString("region_id", endpoint.RegionId);
        writer.WriteString("service_id", endpoint.ServiceId);
        writer.WriteString("url", EndpointUrl.WithBase(endpoint.Url, baseUrl));
        writer.WriteBoolean("enabled", endpoint.Enabled);
        if (endpoint.Name is not null)
            writer.WriteString("name", endpoint.Name);
        Extra.Write(writer, endpoint.Extra);
    }

    private static Parameter[] Bind(Endpoint endpoint) =>
    [
        ("id", endpoint.Id), ("service", endpoint.ServiceId), ("region", endpoint.RegionId), ("interface", endpoint.Interface), ("url", endpoint.Url),
        ("enabled", endpoint.Enabled), ("name", endpoint.Name), ("extra", endpoint.Extra),
    ];
}
