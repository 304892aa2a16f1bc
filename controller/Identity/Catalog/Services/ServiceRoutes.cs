using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.Catalog.Services;

/// <param name="Extra">JSON object; <c>description</c> lives there, as in Keystone.</param>
internal sealed record Service(string Id, string Type, string Name, bool Enabled, string Extra);

/// <summary><c>/v3/services</c>. Source: keystone/api/services.py, keystone/catalog/core.py.</summary>
internal sealed class ServiceRoutes(IdentityContext context)
{
    public static readonly Collection<Service> Services = new(
        "services", "service", "SELECT s.id, s.type, s.name, s.enabled, s.extra FROM identity_services s", "s.id",
        static row => new Service(row.String(0), row.String(1), row.NullableString(2) ?? "", row.Bool(3), row.String(4)),
        static service => service.Id, Write);

    private static readonly HashSet<string> Known = ["type", "name", "enabled"];
    private static readonly FilterField[] Filters = [new("type", "s.type"), new("name", "s.name")];
    private static readonly JsonSchema Create = Members().Required("type", JsonSchema.String(1, 255));
    private static readonly JsonSchema Update = Members().Property("type", JsonSchema.String(1, 255)).Properties(min: 1);

    public void Map(ApiRoutes v3)
    {
        v3.Read("/services", "identity:list_services", ListAsync);
        v3.Post("/services", CreateAsync).Allow("identity:create_service");
        v3.Read("/services/{service_id}", "identity:get_service", ShowAsync);
        v3.Patch("/services/{service_id}", UpdateAsync).Allow("identity:update_service");
        v3.Delete("/services/{service_id}", DeleteAsync).Allow("identity:delete_service");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct) =>
        CollectionQuery.Read(request.Query, Filters).Failed(out var invalid, out var query)
            ? invalid
            : await Services.ListAsync(context, request, query, ct);

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("service_id");
        return await context.Database.ReadAsync((tx, token) => Services.FindAsync(tx, id, token), ct) is { } service
            ? Services.Show(context, request, StatusCodes.Status200OK, service)
            : IdentityFaults.NotFound("service", id);
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadMemberAsync(request, "service", Create, ct)).Failed(out var invalid, out var body))
            return invalid;
        var service = Apply(new Service(Ids.New(), "", "", true, Extra.None), body);
        await context.Database.WriteAsync(async (tx, token) =>
        {
            await tx.ExecuteAsync("INSERT INTO identity_services (id, type, name, enabled, extra) VALUES (@id, @type, @name, @enabled, @extra)",
                token, Bind(service));
            await context.Database.LogAsync(tx, request.Actor, "service", service.Id, "create", token);
        }, ct);
        return Services.Show(context, request, StatusCodes.Status201Created, service);
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("service_id");
        if ((await IdentityBody.ReadMemberAsync(request, "service", Update, ct)).Failed(out var invalid, out var body))
            return invalid;
        if (BodyMembers.CheckId(body, id) is { } changed)
            return changed;
        return (await context.Database.TryWriteAsync<Service>(async (tx, token) =>
        {
            if (await Services.FindAsync(tx, id, token) is not { } service)
                return IdentityFaults.NotFound("service", id);
            var updated = Apply(service, body);
            await tx.ExecuteAsync("UPDATE identity_services SET type = @type, name = @name, enabled = @enabled, extra = @extra WHERE id = @id",
                token, Bind(updated));
            await context.Database.LogAsync(tx, request.Actor, "service", id, "update", token);
            return updated;
        }, ct)).Failed(out var fault, out var shown) ? fault : Services.Show(context, request, StatusCodes.Status200OK, shown);
    }

    // A service takes its endpoints with it.
    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("service_id");
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            const string Endpoints = "SELECT id FROM identity_endpoints WHERE service_id = @id";
            await tx.ExecuteAsync($"DELETE FROM identity_project_endpoints WHERE endpoint_id IN ({Endpoints})", token, ("id", id));
            await tx.ExecuteAsync($"DELETE FROM identity_policy_associations WHERE service_id = @id OR endpoint_id IN ({Endpoints})", token, ("id", id));
            await tx.ExecuteAsync("DELETE FROM identity_endpoints WHERE service_id = @id", token, ("id", id));
            if (await tx.ExecuteAsync("DELETE FROM identity_services WHERE id = @id", token, ("id", id)) == 0)
                return IdentityFaults.NotFound("service", id);
            await context.Database.LogAsync(tx, request.Actor, "service", id, "delete", token);
            return (Fault?)null;
        }, ct) is { } fault ? fault : ApiResult.NoContent;
    }

    private static JsonSchema Members() => JsonSchema.Object
        .Property("name", JsonSchema.String(1, 255)).Property("enabled", JsonSchema.Boolean).Property("description", BodyMembers.NullableText);

    private static Service Apply(Service service, JsonElement body) => service with
    {
        Type = body.Text("type", service.Type)!,
        Name = body.Text("name", service.Name) ?? "",
        Enabled = body.Flag("enabled", service.Enabled),
        Extra = Extra.Merge(service.Extra, body, Known),
    };

    private static void Write(Utf8JsonWriter writer, Service service)
    {
        writer.WriteString("id", service.Id);
        writer.WriteString("type", service.Type);
        writer.WriteString("name", service.Name);
        writer.WriteBoolean("enabled", service.Enabled);
        Extra.Write(writer, service.Extra);
    }

    private static Parameter[] Bind(Service service) =>
        [("id", service.Id), ("type", service.Type), ("name", service.Name), ("enabled", service.Enabled), ("extra", service.Extra)];
}
