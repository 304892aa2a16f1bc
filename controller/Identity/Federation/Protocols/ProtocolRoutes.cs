using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Federation.IdentityProviders;
using Appliance.Controller.Identity.Federation.Logins;
using Appliance.Controller.Identity.Federation.Mappings;

namespace Appliance.Controller.Identity.Federation.Protocols;

/// <summary>A way in which a provider gives its word, and the mapping that makes users of it.</summary>
/// <param name="RemoteIdAttribute">Member of an assertion that names the provider; null: not looked at.</param>
internal sealed record FederationProtocol(string ProviderId, string Id, string MappingId, string? RemoteIdAttribute);

/// <summary><c>/v3/OS-FEDERATION/identity_providers/{id}/protocols</c>. Source: keystone/api/os_federation.py.</summary>
internal sealed class ProtocolRoutes(IdentityContext context)
{
    private const string Select = "SELECT provider_id, id, mapping_id, remote_id_attribute FROM identity_federation_protocols";

    private static readonly JsonSchema MappingId = JsonSchema.String(1, 64);

    private static readonly JsonSchema Create = JsonSchema.Object.Closed().Required("protocol", JsonSchema.Object.Closed()
        .Required("mapping_id", MappingId).Property("remote_id_attribute", JsonSchema.NullableString(null, 64)));

    private static readonly JsonSchema Update = JsonSchema.Object.Closed().Required("protocol", JsonSchema.Object.Closed().Properties(min: 1)
        .Required("mapping_id", MappingId).Property("remote_id_attribute", JsonSchema.String(null, 64)));

    public void Map(ApiRoutes v3)
    {
        var protocols = v3.Group("/OS-FEDERATION/identity_providers/{idp_id}/protocols");
        protocols.Read("", "identity:list_protocols", ListAsync);
        protocols.Read("/{protocol_id}", "identity:get_protocol", ShowAsync);
        protocols.Put("/{protocol_id}", CreateAsync).Allow("identity:create_protocol");
        protocols.Patch("/{protocol_id}", UpdateAsync).Allow("identity:update_protocol");
        protocols.Delete("/{protocol_id}", DeleteAsync).Allow("identity:delete_protocol");
    }

    public static Task<FederationProtocol?> FindAsync(Session tx, string providerId, string id, CancellationToken ct) =>
        tx.FindAsync($"{Select} WHERE provider_id = @provider AND id = @id", MapRow, ct, ("provider", providerId), ("id", id));

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        var providerId = request.Path("idp_id");
        var found = await context.Database.ReadAsync((tx, token) => tx.ListAsync(
            $"{Select} WHERE provider_id = @provider ORDER BY id", MapRow, token, ("provider", providerId)), ct);
        var v3 = context.V3Url(request);
        return SmallList.Answer(context, request, "protocols", writer => found.ForEach(protocol => Write(writer, protocol, v3, isListed: true)));
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var (providerId, id) = (request.Path("idp_id"), request.Path("protocol_id"));
        return await context.Database.ReadAsync((tx, token) => FindAsync(tx, providerId, id, token), ct) is { } protocol
            ? Answer(request, StatusCodes.Status200OK, protocol)
            : NotFound(providerId, id);
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        var (providerId, id) = (request.Path("idp_id"), request.Path("protocol_id"));
        if ((await IdentityBody.ReadWholeAsync(request, Create, ct)).Failed(out var invalid, out var body))
            return invalid;
        var asked = body.GetProperty("protocol");
        var protocol = new FederationProtocol(providerId, id, asked.StringOrNull("mapping_id")!, asked.StringOrNull("remote_id_attribute"));
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (await CheckMappingAsync(tx, protocol.MappingId, token) is { } missing)
                return missing;
            if (await IdentityProviderJson.FindAsync(tx, providerId, token) is null)
                return IdentityProviderRoutes.NotFound(providerId);
            if (await tx.ExecuteAsync(
                """
                INSERT INTO identity_federation_protocols (provider_id, id, mapping_id, remote_id_attribute)
                VALUES (@provider, @id, @mapping, @attribute) ON CONFLICT DO NOTHING
                """, token, Bind(protocol)) == 0)
                return IdentityFaults.Conflict("federation_protocol", $"Duplicate entry found with ID {id}");
            await context.Database.LogAsync(tx, request.Actor, "federation_protocol", id, "create", token);
            return null;
        }, ct) is { } fault ? fault : Answer(request, StatusCodes.Status201Created, protocol);
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        var (providerId, id) = (request.Path("idp_id"), request.Path("protocol_id"));
        if ((await IdentityBody.ReadWholeAsync(request, Update, ct)).Failed(out var invalid, out var body))
            return invalid;
        var asked = body.GetProperty("protocol");
        return (await context.Database.TryWriteAsync<FederationProtocol>(async (tx, token) =>
        {
            if (await CheckMappingAsync(tx, asked.StringOrNull("mapping_id")!, token) is { } missing)
                return missing;
            if (await FindAsync(tx, providerId, id, token) is not { } protocol)
                return NotFound(providerId, id);
            var updated = protocol with
            {
                MappingId = asked.StringOrNull("mapping_id")!,
                RemoteIdAttribute = asked.Text("remote_id_attribute", protocol.RemoteIdAttribute),
            };
            await tx.ExecuteAsync(
                "UPDATE identity_federation_protocols SET mapping_id = @mapping, remote_id_attribute = @attribute WHERE provider_id = @provider AND id = @id",
                token, Bind(updated));
            await context.Database.LogAsync(tx, request.Actor, "federation_protocol", id, "update", token);
            return updated;
        }, ct)).Failed(out var fault, out var shown) ? fault : Answer(request, StatusCodes.Status200OK, shown);
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        var (providerId, id) = (request.Path("idp_id"), request.Path("protocol_id"));
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (await tx.ExecuteAsync("DELETE FROM identity_federation_protocols WHERE provider_id = @provider AND id = @id",
                token, ("provider", providerId), ("id", id)) == 0)
                return NotFound(providerId, id);
            await FederatedUserStore.DeleteOfProviderAsync(tx, providerId, id, context.Clock.GetUtcNow(), token);
            await context.Database.LogAsync(tx, request.Actor, "federation_protocol", id, "delete", token);
            return (Fault?)null;
        }, ct) is { } fault ? fault : ApiResult.NoContent;
    }

    private static async Task<Fault?> CheckMappingAsync(Session tx, string id, CancellationToken ct) =>
        await MappingJson.Mappings.FindAsync(tx, id, ct) is null ? IdentityFaults.Invalid($"Invalid mapping id: {id}") : null;

    private static Fault NotFound(string providerId, string id) =>
        new(FaultKind.NotFound, $"Could not find federated protocol {id} for Identity Provider: {providerId}.");

    private static FederationProtocol MapRow(Row row) => new(row.String(0), row.String(1), row.String(2), row.NullableString(3));

    private ApiResult Answer(ApiRequest request, int status, FederationProtocol protocol)
    {
        var v3 = context.V3Url(request);
        return ApiResult.Json(status, writer =>
        {
            writer.WriteStartObject();
            writer.WritePropertyName("protocol");
            Write(writer, protocol, v3, isListed: false);
            writer.WriteEndObject();
        });
    }

    // Keystone's list shows more than what is shown of one.
    private static void Write(Utf8JsonWriter writer, FederationProtocol protocol, string v3, bool isListed)
    {
        var provider = $"{v3}/OS-FEDERATION/identity_providers/{protocol.ProviderId}";
        writer.WriteStartObject();
        writer.WriteString("id", protocol.Id);
        writer.WriteString("mapping_id", protocol.MappingId);
        if (isListed)
        {
            writer.WriteString("idp_id", protocol.ProviderId);
            writer.WriteString("remote_id_attribute", protocol.RemoteIdAttribute);
        }

        writer.WriteStartObject("links");
        writer.WriteString("self", $"{provider}/protocols/{protocol.Id}");
        writer.WriteString("identity_provider", provider);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static Parameter[] Bind(FederationProtocol protocol) =>
        [("provider", protocol.ProviderId), ("id", protocol.Id), ("mapping", protocol.MappingId), ("attribute", protocol.RemoteIdAttribute)];
}
