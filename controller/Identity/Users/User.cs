using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.Users;

/// <param name="PasswordHash">Null: the user cannot log in with a password.</param>
/// <param name="Options">JSON object.</param>
/// <param name="Extra">JSON object; <c>email</c> and <c>description</c> live there, as in Keystone.</param>
internal sealed record User(
    string Id, string DomainId, string Name, bool Enabled, string? DefaultProjectId, string Options, string Extra, string? PasswordHash,
    DateTimeOffset? PasswordExpiresAt)
{
    /// <summary>Who the user is at identity providers; read where one user is shown, not where many are listed.</summary>
    public IReadOnlyList<FederatedLink> Links { get; init; } = [];

    /// <summary>The row shows what a directory says: it is nobody's to change here.</summary>
    public bool IsMirrored { get; init; }
}

/// <summary>How users read and look.</summary>
internal static class UserJson
{
    private const string Select =
        "SELECT u.id, u.domain_id, u.name, u.enabled, u.default_project_id, u.options, u.extra, u.password_hash, u.password_expires_at, " +
        "u.mirrored FROM identity_users u";

    public static readonly Collection<User> Users = new("users", "user", Select, "u.id", Map, static user => user.Id, Write);

    /// <summary>Members with a column of their own, or never stored.</summary>
    public static readonly HashSet<string> Known =
        ["domain_id", "name", "enabled", "default_project_id", "options", "password", "original_password", "password_expires_at", "federated"];

    public static readonly JsonSchema Create = Members().Required("name", BodyMembers.Name);
    public static readonly JsonSchema Update = Members().Property("name", BodyMembers.Name).Properties(min: 1);

    public static readonly JsonSchema PasswordChange = JsonSchema.Object
        .Required("original_password", JsonSchema.String()).Required("password", JsonSchema.String());

    private static JsonSchema Members()
    {
        var flag = JsonSchema.Of("boolean", "null");
        var rules = JsonSchema.Of("array", "null").Items(JsonSchema.Array(JsonSchema.String()).Count(min: 1).Unique()).Unique();
        return JsonSchema.Object
            .Property("default_project_id", BodyMembers.NullableText).Property("description", BodyMembers.NullableText)
            .Property("domain_id", JsonSchema.String(1, 64)).Property("enabled", JsonSchema.Boolean).Property("password", BodyMembers.NullableText)
            .Property("federated", FederatedLinks.Schema)
            .Property("options", JsonSchema.Object.Closed()
                .Property("ignore_change_password_upon_first_use", flag).Property("ignore_password_expiry", flag)
                .Property("ignore_lockout_failure_attempts", flag).Property("lock_password", flag).Property("ignore_user_inactivity", flag)
                .Property("multi_factor_auth_rules", rules).Property("multi_factor_auth_enabled", flag));
    }

    private static User Map(Row row) => new(
        row.String(0), row.String(1), row.String(2), row.Bool(3), row.NullableString(4), row.String(5), row.String(6), row.NullableString(7),
        row.NullableInstant(8))
    { IsMirrored = row.String(9).Length > 0 };

    private static void Write(Utf8JsonWriter writer, User user)
    {
        writer.WriteString("id", user.Id);
        writer.WriteString("name", user.Name);
        writer.WriteString("domain_id", user.DomainId);
        writer.WriteBoolean("enabled", user.Enabled);
        if (user.DefaultProjectId is not null)
            writer.WriteString("default_project_id", user.DefaultProjectId);
        writer.WriteString("password_expires_at", user.PasswordExpiresAt is { } expires ? Timestamps.MicrosNoZone(expires) : null);
        ResourceOptions.Write(writer, user.Options);
        FederatedLinks.Write(writer, user.Links);
        Extra.Write(writer, user.Extra);
    }
}
