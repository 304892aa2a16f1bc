using System.Text.Json;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Identity.Federation;

/// <summary>What the resources of <c>OS-FEDERATION</c> share.</summary>
internal static class FederationJson
{
    public const string Tables =
        """
        CREATE TABLE identity_providers (
            id TEXT PRIMARY KEY, domain_id TEXT NOT NULL, enabled BIGINT NOT NULL, description TEXT, authorization_ttl BIGINT,
            remote_ids TEXT NOT NULL);
        CREATE TABLE identity_provider_remote_ids (remote_id TEXT PRIMARY KEY, provider_id TEXT NOT NULL);
        CREATE INDEX identity_provider_remote_ids_provider ON identity_provider_remote_ids (provider_id);
        CREATE TABLE identity_federation_protocols (
            provider_id TEXT NOT NULL, id TEXT NOT NULL, mapping_id TEXT NOT NULL, remote_id_attribute TEXT, PRIMARY KEY (provider_id, id));
        CREATE TABLE identity_mappings (id TEXT PRIMARY KEY, rules TEXT NOT NULL, schema_version TEXT NOT NULL);
        CREATE TABLE identity_service_providers (
            id TEXT PRIMARY KEY, enabled BIGINT NOT NULL, description TEXT, auth_url TEXT NOT NULL, sp_url TEXT NOT NULL, relay_state_prefix TEXT NOT NULL);
        """;

    /// <summary>Keystone takes these words for booleans. Source: keystone/api/validation/parameter_types.py.</summary>
    private static readonly string[] Words =
        ["True", "TRUE", "true", "False", "FALSE", "false", "", "1", "0", "y", "Y", "n", "N", "on", "ON", "off", "OFF", "yes", "no"];

    public static readonly JsonSchema Flag = JsonSchema.Of("boolean", "string", "null").Rule(static value =>
        value.ValueKind == JsonValueKind.String && !Words.Contains(value.GetString())
            ? $"{PythonText.Repr(value)} is not one of [True, False, {string.Join(", ", Words.Select(PythonText.Quote))}]"
            : null);

    public static readonly JsonSchema Url = JsonSchema.String(0, 225).Pattern("^[a-zA-Z0-9+.-]+:.+");

    /// <summary>A boolean that may be a word.</summary>
    public static bool ReadFlag(JsonElement body, string name, bool current) => body.Member(name) switch
    {
        { ValueKind: JsonValueKind.String } word => QueryFlags.IsTrue(word.GetString()!),
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => current,
    };
}
