using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.PolicyBlobs;

/// <summary>A policy file that is kept for whoever fetches it; it decides nothing here.</summary>
/// <param name="Type">Media type of <paramref name="Blob"/>.</param>
/// <param name="Extra">JSON object.</param>
internal sealed record PolicyBlob(string Id, string Type, string Blob, string Extra);

/// <summary>How policies read and look. Source: keystone/policy/schema.py.</summary>
internal static class PolicyBlobJson
{
    public const string Tables =
        """
        CREATE TABLE identity_policies (id TEXT PRIMARY KEY, type TEXT NOT NULL, blob TEXT NOT NULL, extra TEXT NOT NULL);
        CREATE TABLE identity_policy_associations (
            policy_id TEXT NOT NULL, endpoint_id TEXT NOT NULL, service_id TEXT NOT NULL, region_id TEXT NOT NULL,
            PRIMARY KEY (endpoint_id, service_id, region_id));
        CREATE INDEX identity_policy_associations_policy ON identity_policy_associations (policy_id);
        """;

    public static readonly Collection<PolicyBlob> Policies = new(
        "policies", "policy", "SELECT b.id, b.type, b.blob, b.extra FROM identity_policies b", "b.id",
        static row => new PolicyBlob(row.String(0), row.String(1), row.String(2), row.String(3)), static policy => policy.Id, Write);

    public static readonly HashSet<string> Known = ["type", "blob"];

    public static readonly JsonSchema Create = JsonSchema.Object
        .Required("blob", JsonSchema.String()).Required("type", JsonSchema.String(null, 255));

    public static readonly JsonSchema Update = JsonSchema.Object
        .Property("blob", JsonSchema.String()).Property("type", JsonSchema.String(null, 255)).Properties(min: 1);

    private static void Write(Utf8JsonWriter writer, PolicyBlob policy)
    {
        writer.WriteString("id", policy.Id);
        writer.WriteString("type", policy.Type);
        writer.WriteString("blob", policy.Blob);
        Extra.Write(writer, policy.Extra);
    }
}
