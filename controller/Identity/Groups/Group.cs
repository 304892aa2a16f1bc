using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.Groups;

/// <param name="Extra">JSON object.</param>
internal sealed record Group(string Id, string DomainId, string Name, string Description, string Extra)
{
    /// <summary>The row shows what a directory says: it is nobody's to change here.</summary>
    public bool IsMirrored { get; init; }
}

/// <summary>How groups read and look, and their rows.</summary>
internal static class GroupJson
{
    private const string Select = "SELECT g.id, g.domain_id, g.name, g.description, g.extra, g.mirrored FROM identity_groups g";

    public static readonly Collection<Group> Groups = new("groups", "group", Select, "g.id", Map, static group => group.Id, Write);

    public static readonly HashSet<string> Known = ["domain_id", "name", "description"];

    public static readonly JsonSchema Create = JsonSchema.Object
        .Required("name", BodyMembers.Name).Property("description", BodyMembers.NullableText).Property("domain_id", JsonSchema.String(1, 64));

    public static readonly JsonSchema Update = JsonSchema.Object
        .Property("name", BodyMembers.Name).Property("description", BodyMembers.NullableText).Properties(min: 1);

    private static Group Map(Row row) => new(row.String(0), row.String(1), row.String(2), row.String(3), row.String(4)) { IsMirrored = row.String(5).Length > 0 };

    private static void Write(Utf8JsonWriter writer, Group group)
    {
        writer.WriteString("id", group.Id);
        writer.WriteString("name", group.Name);
        writer.WriteString("domain_id", group.DomainId);
        writer.WriteString("description", group.Description);
        Extra.Write(writer, group.Extra);
    }
}
