using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.ApplicationCredentials;

/// <summary>A password of a program: acts for its user in one project with some of the user's roles.</summary>
/// <param name="RuleIds">Access rules; null: no rules, so everything its roles allow. Empty allows nothing.</param>
internal sealed record ApplicationCredential(
    string Id, string UserId, string ProjectId, string Name, string? Description, string SecretHash, IReadOnlyList<string> RoleIds,
    IReadOnlyList<string>? RuleIds, bool IsUnrestricted, DateTimeOffset? ExpiresAt);

/// <summary>How application credentials read and what their bodies may hold. The list shows roles and rules too: see the routes.</summary>
internal static class ApplicationCredentialJson
{
    private const string Select =
        "SELECT c.id, c.user_id, c.project_id, c.name, c.description, c.secret_hash, c.role_ids, c.rule_ids, c.unrestricted, c.expires_at "
        + "FROM identity_application_credentials c";

    public static readonly Collection<ApplicationCredential> Credentials = new(
        "application_credentials", "application_credential", Select, "c.id", Map, static credential => credential.Id, static (_, _) => { });

    public static readonly JsonSchema Create = JsonSchema.Object
        .Required("name", BodyMembers.Name).Property("description", BodyMembers.NullableText).Property("secret", BodyMembers.NullableText)
        .Property("expires_at", BodyMembers.NullableText).Property("unrestricted", JsonSchema.Of("boolean", "null"))
        .Property("roles", JsonSchema.Array(JsonSchema.Object.Property("id", JsonSchema.String(1, 64)).Property("name", JsonSchema.String(1, 255))))
        .Property("access_rules", JsonSchema.Array(JsonSchema.Object.Closed()
            .Property("id", JsonSchema.String(1, 64)).Property("path", JsonSchema.String(0, 225).Pattern(@"^/\.*"))
            .Property("service", JsonSchema.String(1, 255))
            .Property("method", JsonSchema.OneOfValues("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"))));

    public static string Join(IEnumerable<string> ids) => string.Join(',', ids);

    private static ApplicationCredential Map(Row row) => new(
        row.String(0), row.String(1), row.String(2), row.String(3), row.NullableString(4), row.String(5), Split(row.String(6)),
        row.NullableString(7) is { } rules ? Split(rules) : null, row.Bool(8), row.NullableInstant(9));

    private static string[] Split(string ids) => ids.Split(',', StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>An access rule on the wire.</summary>
internal static class AccessRuleJson
{
    public static void Write(Utf8JsonWriter writer, AccessRule rule)
    {
        writer.WriteStartObject();
        WriteMembers(writer, rule);
        writer.WriteEndObject();
    }

    public static void WriteMembers(Utf8JsonWriter writer, AccessRule rule)
    {
        writer.WriteString("id", rule.Id);
        writer.WriteString("service", rule.Service);
        writer.WriteString("path", rule.Path);
        writer.WriteString("method", rule.Method);
    }
}
