using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.Federation.IdentityProviders;

/// <summary>Somebody else's word on who users are.</summary>
/// <param name="DomainId">Where its users live.</param>
/// <param name="RemoteIds">What it calls itself: each is one provider's only.</param>
/// <param name="AuthorizationTtlMinutes">How long group memberships it vouches for last; null: as long as the login.</param>
internal sealed record IdentityProvider(
    string Id, string DomainId, bool Enabled, string? Description, int? AuthorizationTtlMinutes, IReadOnlyList<string> RemoteIds);

/// <summary>How identity providers read and look. Source: keystone/federation/schema.py.</summary>
internal static class IdentityProviderJson
{
    public const string Select =
        "SELECT i.id, i.domain_id, i.enabled, i.description, i.authorization_ttl, i.remote_ids FROM identity_providers i";

    public static Collection<IdentityProvider> For(string v3Url) => new(
        "identity_providers", "identity_provider", Select, "i.id", Map, static provider => provider.Id, Write)
    {
        Path = "OS-FEDERATION/identity_providers",
        WriteLinks = (writer, provider) => writer.WriteString("protocols", $"{v3Url}/OS-FEDERATION/identity_providers/{provider.Id}/protocols"),
    };

    public static readonly JsonSchema Create = JsonSchema.Object.Closed().Property("identity_provider",
        Members().Property("domain_id", BodyMembers.NullableId));

    public static readonly JsonSchema Update = JsonSchema.Object.Required("identity_provider", Members().Properties(min: 1));

    public static Task<IdentityProvider?> FindAsync(Session tx, string id, CancellationToken ct) =>
        tx.FindAsync($"{Select} WHERE i.id = @id", Map, ct, ("id", id));

    private static JsonSchema Members() => JsonSchema.Object.Closed()
        .Property("enabled", FederationJson.Flag).Property("description", BodyMembers.NullableText)
        .Property("authorization_ttl", JsonSchema.Of("integer", "null").Range(0, int.MaxValue))
        .Property("remote_ids", JsonSchema.Of("array", "null").Items(JsonSchema.String(null, 64)).Unique());

    // The ids stand in a table of their own too, which keeps each to one provider.
    private static IdentityProvider Map(Row row) => new(
        row.String(0), row.String(1), row.Bool(2), row.NullableString(3), row.NullableInt32(4),
        row.String(5).Split('\n', StringSplitOptions.RemoveEmptyEntries));

    private static void Write(Utf8JsonWriter writer, IdentityProvider provider)
    {
        writer.WriteString("id", provider.Id);
        writer.WriteString("domain_id", provider.DomainId);
        writer.WriteBoolean("enabled", provider.Enabled);
        writer.WriteString("description", provider.Description);
        if (provider.AuthorizationTtlMinutes is { } minutes)
            writer.WriteNumber("authorization_ttl", minutes);
        else
            writer.WriteNull("authorization_ttl");
        writer.WriteStartArray("remote_ids");
        foreach (var id in provider.RemoteIds)
            writer.WriteStringValue(id);
        writer.WriteEndArray();
    }
}
