using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.Roles;

/// <param name="DomainId">Null for a global role.</param>
/// <param name="Options">JSON object.</param>
/// <param name="Extra">JSON object.</param>
internal sealed record Role(string Id, string? DomainId, string Name, string? Description, string Options, string Extra);

/// <summary>How roles read and look.</summary>
internal static class RoleJson
{
    private const string Select = "SELECT r.id, r.domain_id, r.name, r.description, r.options, r.extra FROM identity_roles r";

    public static readonly Collection<Role> Roles = new("roles", "role", Select, "r.id", Map, static role => role.Id, Write);

    public static readonly HashSet<string> Known = ["domain_id", "name", "description", "options"];

    public static readonly JsonSchema Create = Members().Required("name", BodyMembers.Name);
    public static readonly JsonSchema Update = Members().Property("name", BodyMembers.Name).Properties(min: 1);

    private static JsonSchema Members() => JsonSchema.Object
        .Property("description", BodyMembers.NullableText).Property("domain_id", JsonSchema.NullableString(1, 64))
        .Property("options", ResourceOptions.Immutable);

    private static Role Map(Row row) => new(
        row.String(0), row.String(1) is { Length: > 0 } domain ? domain : null, row.String(2), row.NullableString(3), row.String(4), row.String(5));

    private static void Write(Utf8JsonWriter writer, Role role)
    {
        writer.WriteString("id", role.Id);
        writer.WriteString("name", role.Name);
        writer.WriteString("domain_id", role.DomainId);
        writer.WriteString("description", role.Description);
        ResourceOptions.Write(writer, role.Options);
        Extra.Write(writer, role.Extra);
    }
}
