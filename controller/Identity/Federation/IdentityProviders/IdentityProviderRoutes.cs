using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Federation.Logins;
using Appliance.Controller.Identity.Projects;

namespace Appliance.Controller.Identity.Federation.IdentityProviders;

/// <summary><c>/v3/OS-FEDERATION/identity_providers</c>. Source: keystone/api/os_federation.py, keystone/federation/core.py.</summary>
internal sealed class IdentityProviderRoutes(IdentityContext context)
{
    private const int MaxIdLength = 64;

    private static readonly FilterField[] Filters = [new("id", "i.id"), new("enabled", "i.enabled", IsFlag: true)];

    public void Map(ApiRoutes v3)
    {
        var providers = v3.Group("/OS-FEDERATION/identity_providers");
        providers.Read("", "identity:list_identity_providers", ListAsync);
        providers.Read("/{idp_id}", "identity:get_identity_provider", ShowAsync);
        providers.Put("/{idp_id}", CreateAsync).Allow("identity:create_identity_provider");
        providers.Patch("/{idp_id}", UpdateAsync).Allow("identity:update_identity_provider");
        providers.Delete("/{idp_id}", DeleteAsync).Allow("identity:delete_identity_provider");
    }

    public static Fault NotFound(string id) => IdentityFaults.NotFound("Identity Provider", id);

    private Collection<IdentityProvider> ProvidersFor(ApiRequest request) => IdentityProviderJson.For(context.V3Url(request));

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct) =>
        CollectionQuery.Read(request.Query, Filters).Failed(out var invalid, out var query)
            ? invalid
            : await ProvidersFor(request).ListAsync(context, request, query, ct);

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("idp_id");
        return await context.Database.ReadAsync((tx, token) => IdentityProviderJson.FindAsync(tx, id, token), ct) is { } provider
            ? ProvidersFor(request).Show(context, request, StatusCodes.Status200OK, provider)
            : NotFound(id);
    }

    // One without a domain gets a domain of its own.
    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("idp_id");
        if ((await IdentityBody.ReadWholeAsync(request, IdentityProviderJson.Create, ct)).Failed(out var invalid, out var body))
            return invalid;
        if (id.Length > MaxIdLength)
            return IdentityFaults.Invalid($"String length exceeded. The length of string '{id}' exceeds the limit of column id(CHAR({MaxIdLength})).");
        var asked = body.Member("identity_provider") ?? default;
        return (await context.Database.TryWriteAsync<IdentityProvider>(async (tx, token) =>
        {
            if ((await EnsureDomainAsync(tx, id, asked.StringOrNull("domain_id"), token)).Failed(out var missing, out var domainId))
                return missing;
            var provider = Apply(new IdentityProvider(id, domainId, false, null, null, []), asked);
            if (await tx.ExecuteAsync(
                """
                INSERT INTO identity_providers (id, domain_id, enabled, description, authorization_ttl, remote_ids)
                VALUES (@id, @domain, @enabled, @description, @ttl, @remotes) ON CONFLICT DO NOTHING
                """, token, Bind(provider)) == 0)
                return IdentityFaults.Conflict("identity_provider", $"Duplicate entry: {id}");
            if (await SetRemoteIdsAsync(tx, provider, token) is { } taken)
                return taken;
            await context.Database.LogAsync(tx, request.Actor, "identity_provider", id, "create", token);
            return provider;
        }, ct)).Failed(out var fault, out var created) ? fault : ProvidersFor(request).Show(context, request, StatusCodes.Status201Created, created);
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("idp_id");
        if ((await IdentityBody.ReadWholeAsync(request, IdentityProviderJson.Update, ct)).Failed(out var invalid, out var body))
            return invalid;
        return (await context.Database.TryWriteAsync<IdentityProvider>(async (tx, token) =>
        {
            if (await IdentityProviderJson.FindAsync(tx, id, token) is not { } provider)
                return NotFound(id);
            var updated = Apply(provider, body.GetProperty("identity_provider"));
            await tx.ExecuteAsync(
                """
                UPDATE identity_providers SET domain_id = @domain, enabled = @enabled, description = @description, authorization_ttl = @ttl,
                    remote_ids = @remotes WHERE id = @id
                """, token, Bind(updated));
            if (await SetRemoteIdsAsync(tx, updated, token) is { } taken)
                return taken;
            if (provider.Enabled && !updated.Enabled)
                await FederatedUserStore.VoidTokensAsync(tx, id, context.Clock.GetUtcNow(), token);
            await context.Database.LogAsync(tx, request.Actor, "identity_provider", id, "update", token);
            return updated;
        }, ct)).Failed(out var fault, out var shown) ? fault : ProvidersFor(request).Show(context, request, StatusCodes.Status200OK, shown);
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("idp_id");
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (await tx.ExecuteAsync("DELETE FROM identity_providers WHERE id = @id", token, ("id", id)) == 0)
                return NotFound(id);
            await FederatedUserStore.DeleteOfProviderAsync(tx, id, null, context.Clock.GetUtcNow(), token);
            await tx.ExecuteAsync("DELETE FROM identity_provider_remote_ids WHERE provider_id = @id", token, ("id", id));
            await tx.ExecuteAsync("DELETE FROM identity_federation_protocols WHERE provider_id = @id", token, ("id", id));
            await context.Database.LogAsync(tx, request.Actor, "identity_provider", id, "delete", token);
            return (Fault?)null;
        }, ct) is { } fault ? fault : ApiResult.NoContent;
    }

    private static async Task<Outcome<string>> EnsureDomainAsync(Session tx, string id, string? domainId, CancellationToken ct)
    {
        if (domainId is not null)
            return await ProjectJson.Domains.FindAsync(tx, domainId, ct) is { IsDomain: true } ? domainId : IdentityFaults.NotFound("domain", domainId);
        var own = Ids.New();
        await ProjectStore.TryInsertAsync(tx, new Project(
            own, null, null, true, own, $"Auto generated federated domain for Identity Provider: {id}", true, "", Extra.None, Extra.None), ct);
        return own;
    }

    private static async Task<Fault?> SetRemoteIdsAsync(Session tx, IdentityProvider provider, CancellationToken ct)
    {
        await tx.ExecuteAsync("DELETE FROM identity_provider_remote_ids WHERE provider_id = @id", ct, ("id", provider.Id));
        foreach (var remote in provider.RemoteIds)
        {
            if (await tx.ExecuteAsync(
                "INSERT INTO identity_provider_remote_ids (remote_id, provider_id) VALUES (@remote, @id) ON CONFLICT DO NOTHING",
                ct, ("remote", remote), ("id", provider.Id)) == 0)
                return IdentityFaults.Conflict("identity_provider", $"Duplicate remote ID: {remote}");
        }

        return null;
    }

    private static IdentityProvider Apply(IdentityProvider provider, JsonElement body) => provider with
    {
        Enabled = FederationJson.ReadFlag(body, "enabled", provider.Enabled),
        Description = body.Text("description", provider.Description),
        AuthorizationTtlMinutes = body.Has("authorization_ttl") ? (int?)body.Int64OrNull("authorization_ttl") : provider.AuthorizationTtlMinutes,
        RemoteIds = body.Member("remote_ids") is { } ids
            ? ids.ValueKind == JsonValueKind.Array ? [.. ids.EnumerateArray().Select(static id => id.GetString()!.Replace("\n", " ", StringComparison.Ordinal))] : []
            : provider.RemoteIds,
    };

    private static Parameter[] Bind(IdentityProvider provider) =>
    [
        ("id", provider.Id), ("domain", provider.DomainId), ("enabled", provider.Enabled), ("description", provider.Description),
        ("ttl", provider.AuthorizationTtlMinutes), ("remotes", string.Join('\n', provider.RemoteIds)),
    ];
}
