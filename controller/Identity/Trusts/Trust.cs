using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.Trusts;

/// <summary>The trustor lets the trustee act with some of its roles in a project.</summary>
/// <param name="ProjectId">Null: nothing but the trustor's identity is lent.</param>
/// <param name="IsImpersonating">Tokens of the trust are the trustor's; else they are the trustee's.</param>
/// <param name="RemainingUses">Tokens that can still be had by it; null: any number.</param>
/// <param name="RedelegatedId">The trust that this one was made from; null: the trustor's own roles.</param>
/// <param name="RedelegationCount">How many trusts in a row can follow from it.</param>
/// <param name="Extra">JSON object.</param>
internal sealed record Trust(
    string Id, string TrustorId, string TrusteeId, string? ProjectId, bool IsImpersonating, DateTimeOffset? ExpiresAt, int? RemainingUses,
    string? RedelegatedId, int RedelegationCount, IReadOnlyList<string> RoleIds, string Extra)
{
    public bool IsUsable(DateTimeOffset now) => RemainingUses is null or > 0 && (ExpiresAt is not { } end || now <= end);
}

/// <summary>How trusts read and look. Source: keystone/trust/schema.py.</summary>
internal static class TrustJson
{
    public const string Tables =
        """
        CREATE TABLE identity_trusts (
            id TEXT PRIMARY KEY, trustor_id TEXT NOT NULL, trustee_id TEXT NOT NULL, project_id TEXT, impersonation BIGINT NOT NULL,
            expires_at BIGINT, remaining_uses BIGINT, redelegated_id TEXT, redelegation_count BIGINT NOT NULL, role_ids TEXT NOT NULL,
            extra TEXT NOT NULL);
        CREATE INDEX identity_trusts_trustor ON identity_trusts (trustor_id);
        CREATE INDEX identity_trusts_trustee ON identity_trusts (trustee_id);
        CREATE INDEX identity_trusts_project ON identity_trusts (project_id);
        CREATE INDEX identity_trusts_redelegated ON identity_trusts (redelegated_id);
        """;

    public static readonly Collection<Trust> Trusts = new(
        "trusts", "trust",
        "SELECT t.id, t.trustor_id, t.trustee_id, t.project_id, t.impersonation, t.expires_at, t.remaining_uses, t.redelegated_id, "
        + "t.redelegation_count, t.role_ids, t.extra FROM identity_trusts t", "t.id", Map, static trust => trust.Id, Write)
    { Path = "OS-TRUST/trusts" };

    public static readonly HashSet<string> Known =
    [
        "trustor_user_id", "trustee_user_id", "project_id", "impersonation", "expires_at", "remaining_uses", "redelegated_trust_id",
        "redelegation_count", "allow_redelegation", "roles", "roles_links", "deleted_at",
    ];

    public static readonly JsonSchema Create = JsonSchema.Object.Closed().Required("trust", JsonSchema.Object
        .Required("trustor_user_id", JsonSchema.String()).Required("trustee_user_id", JsonSchema.String())
        .Required("impersonation", JsonSchema.Boolean).Property("project_id", BodyMembers.NullableText)
        .Property("remaining_uses", JsonSchema.Of("integer", "null").Range(1, int.MaxValue)).Property("expires_at", BodyMembers.NullableText)
        .Property("allow_redelegation", JsonSchema.Of("boolean", "null"))
        .Property("redelegation_count", JsonSchema.Of("integer", "null").Range(0, int.MaxValue))
        .Property("redelegated_trust_id", BodyMembers.NullableText)
        .Property("roles", JsonSchema.Array(JsonSchema.Object.Closed().Properties(1, 1)
            .Property("id", BodyMembers.Id).Property("name", BodyMembers.Name))));

    private static Trust Map(Row row) => new(
        row.String(0), row.String(1), row.String(2), row.NullableString(3), row.Bool(4), row.NullableInstant(5), row.NullableInt32(6),
        row.NullableString(7), row.Int32(8), row.String(9).Split(',', StringSplitOptions.RemoveEmptyEntries), row.String(10));

    private static void Write(Utf8JsonWriter writer, Trust trust)
    {
        writer.WriteString("id", trust.Id);
        writer.WriteString("trustor_user_id", trust.TrustorId);
        writer.WriteString("trustee_user_id", trust.TrusteeId);
        writer.WriteString("project_id", trust.ProjectId);
        writer.WriteBoolean("impersonation", trust.IsImpersonating);
        writer.WriteString("expires_at", trust.ExpiresAt is { } end ? Timestamps.Micros(end) : null);
        writer.WriteNull("deleted_at");
        if (trust.RemainingUses is { } uses)
            writer.WriteNumber("remaining_uses", uses);
        else
            writer.WriteNull("remaining_uses");
        writer.WriteString("redelegated_trust_id", trust.RedelegatedId);
        writer.WriteNumber("redelegation_count", trust.RedelegationCount);
        Extra.Write(writer, trust.Extra);
    }
}
