using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.Federation.ServiceProviders;

/// <summary>Another cloud that takes our word on who users are.</summary>
internal sealed record FederationServiceProvider(string Id, bool Enabled, string? Description, string AuthUrl, string SpUrl, string RelayStatePrefix);

/// <summary><c>/v3/OS-FEDERATION/service_providers</c>. Source: keystone/api/os_federation.py.</summary>
internal sealed class ServiceProviderRoutes(IdentityContext context)
{
    public static readonly Collection<FederationServiceProvider> Providers = new(
        "service_providers", "service_provider",
        "SELECT s.id, s.enabled, s.description, s.auth_url, s.sp_url, s.relay_state_prefix FROM identity_service_providers s", "s.id",
        static row => new FederationServiceProvider(row.String(0), row.Bool(1), row.NullableString(2), row.String(3), row.String(4), row.String(5)),
        static provider => provider.Id, Write)
    { Path = "OS-FEDERATION/service_providers" };

    private static readonly FilterField[] Filters = [new("id", "s.id"), new("enabled", "s.enabled", IsFlag: true)];

    private static readonly JsonSchema Create = JsonSchema.Object.Closed().Required("service_provider",
        Members().Required("auth_url", FederationJson.Url).Required("sp_url", FederationJson.Url));

    private static readonly JsonSchema Update = JsonSchema.Object.Closed().Required("service_provider",
        Members().Property("auth_url", FederationJson.Url).Property("sp_url", FederationJson.Url).Properties(min: 1));

    public void Map(ApiRoutes v3)
    {
        var providers = v3.Group("/OS-FEDERATION/service_providers");
        providers.Read("", "identity:list_service_providers", ListAsync);
        providers.Read("/{sp_id}", "identity:get_service_provider", ShowAsync);
        providers.Put("/{sp_id}", CreateAsync).Allow("identity:create_service_provider");
        providers.Patch("/{sp_id}", UpdateAsync).Allow("identity:update_service_provider");
        providers.Delete("/{sp_id}", DeleteAsync).Allow("identity:delete_service_provider");
    }

    public static Fault NotFound(string id) => IdentityFaults.NotFound("Service Provider", id);

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct) =>
        CollectionQuery.Read(request.Query, Filters).Failed(out var invalid, out var query)
            ? invalid
            : await Providers.ListAsync(context, request, query, ct);

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("sp_id");
        return await context.Database.ReadAsync((tx, token) => Providers.FindAsync(tx, id, token), ct) is { } provider
            ? Providers.Show(context, request, StatusCodes.Status200OK, provider)
            : NotFound(id);
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadWholeAsync(request, Create, ct)).Failed(out var invalid, out var body))
            return invalid;
        var provider = Apply(
            new FederationServiceProvider(request.Path("sp_id"), false, null, "", "", DefaultPrefix), body.GetProperty("service_provider"));
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (await tx.ExecuteAsync(
                """
                INSERT INTO identity_service_providers (id, enabled, description, auth_url, sp_url, relay_state_prefix)
                VALUES (@id, @enabled, @description, @auth, @sp, @prefix) ON CONFLICT DO NOTHING
                """, token, Bind(provider)) == 0)
                return IdentityFaults.Conflict("service_provider", $"Duplicate entry found with ID {provider.Id}");
            await context.Database.LogAsync(tx, request.Actor, "service_provider", provider.Id, "create", token);
            return (Fault?)null;
        }, ct) is { } fault ? fault : Providers.Show(context, request, StatusCodes.Status201Created, provider);
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("sp_id");
        if ((await IdentityBody.ReadWholeAsync(request, Update, ct)).Failed(out var invalid, out var body))
            return invalid;
        return (await context.Database.TryWriteAsync<FederationServiceProvider>(async (tx, token) =>
        {
            if (await Providers.FindAsync(tx, id, token) is not { } provider)
                return NotFound(id);
            var updated = Apply(provider, body.GetProperty("service_provider"));
            await tx.ExecuteAsync(
                """
                UPDATE identity_service_providers SET enabled = @enabled, description = @description, auth_url = @auth, sp_url = @sp,
                    relay_state_prefix = @prefix WHERE id = @id
                """, token, Bind(updated));
            await context.Database.LogAsync(tx, request.Actor, "service_provider", id, "update", token);
            return updated;
        }, ct)).Failed(out var fault, out var shown) ? fault : Providers.Show(context, request, StatusCodes.Status200OK, shown);
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("sp_id");
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (await tx.ExecuteAsync("DELETE FROM identity_service_providers WHERE id = @id", token, ("id", id)) == 0)
                return NotFound(id);
            await context.Database.LogAsync(tx, request.Actor, "service_provider", id, "delete", token);
            return (Fault?)null;
        }, ct) is { } fault ? fault : ApiResult.NoContent;
    }

    private static JsonSchema Members() => JsonSchema.Object.Closed()
        .Property("description", BodyMembers.NullableText).Property("enabled", FederationJson.Flag)
        .Property("relay_state_prefix", BodyMembers.NullableText);

    private string DefaultPrefix => context.Options.Identity.Saml.RelayStatePrefix;

    private FederationServiceProvider Apply(FederationServiceProvider provider, JsonElement body) => provider with
    {
        Enabled = FederationJson.ReadFlag(body, "enabled", provider.Enabled),
        Description = body.Text("description", provider.Description),
        AuthUrl = body.Text("auth_url", provider.AuthUrl)!,
        SpUrl = body.Text("sp_url", provider.SpUrl)!,
        RelayStatePrefix = body.Text("relay_state_prefix", provider.RelayStatePrefix) ?? DefaultPrefix,
    };

    private static void Write(Utf8JsonWriter writer, FederationServiceProvider provider)
    {
        writer.WriteString("id", provider.Id);
        writer.WriteBoolean("enabled", provider.Enabled);
        writer.WriteString("description", provider.Description);
        writer.WriteString("auth_url", provider.AuthUrl);
        writer.WriteString("sp_url", provider.SpUrl);
        writer.WriteString("relay_state_prefix", provider.RelayStatePrefix);
    }

    private static Parameter[] Bind(FederationServiceProvider provider) =>
    [
        ("id", provider.Id), ("enabled", provider.Enabled), ("description", provider.Description), ("auth", provider.AuthUrl), ("sp", provider.SpUrl),
        ("prefix", provider.RelayStatePrefix),
    ];
}
