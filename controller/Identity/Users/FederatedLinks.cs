using System.Text.Json;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Identity.Users;

/// <summary>Somebody at an identity provider who is a user here.</summary>
/// <param name="UniqueId">What the provider, by that protocol, knows the person as.</param>
internal sealed record FederatedLink(string ProviderId, string ProtocolId, string UniqueId);

/// <summary><c>federated</c> of a user: links by provider. Source: keystone/identity/schema.py, keystone/identity/shadow_backends/base.py.</summary>
internal static class FederatedLinks
{
    public static readonly JsonSchema Schema = JsonSchema.Array(JsonSchema.Object
        .Required("idp_id", JsonSchema.String())
        .Required("protocols", JsonSchema.Array(JsonSchema.Object
            .Required("protocol_id", JsonSchema.String()).Required("unique_id", JsonSchema.String())).Count(min: 1)));

    /// <summary>The links that a checked body asks for; none when it has no such member, or an empty list, which changes nothing either.</summary>
    public static IReadOnlyList<FederatedLink> Read(JsonElement body) => body.Member("federated") is not { ValueKind: JsonValueKind.Array } given
        ? []
        : [.. from provider in given.EnumerateArray()
              from protocol in provider.GetProperty("protocols").EnumerateArray()
              select new FederatedLink(provider.StringOrNull("idp_id")!, protocol.StringOrNull("protocol_id")!, protocol.StringOrNull("unique_id")!)];

    /// <summary>Writes the member; nothing when there are no links.</summary>
    public static void Write(Utf8JsonWriter writer, IReadOnlyList<FederatedLink> links)
    {
        if (links.Count == 0)
            return;
        writer.WriteStartArray("federated");
        foreach (var provider in links.GroupBy(static link => link.ProviderId, StringComparer.Ordinal))
        {
            writer.WriteStartObject();
            writer.WriteString("idp_id", provider.Key);
            writer.WriteStartArray("protocols");
            foreach (var link in provider)
            {
                writer.WriteStartObject();
                writer.WriteString("protocol_id", link.ProtocolId);
                writer.WriteString("unique_id", link.UniqueId);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
