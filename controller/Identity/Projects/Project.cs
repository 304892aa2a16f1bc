using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.Projects;

/// <summary>A project, or a domain, which is a project that acts as one.</summary>
/// <param name="DomainId">Null for a domain.</param>
/// <param name="ParentId">The project above, or the domain; null for a domain.</param>
/// <param name="Tags">Joined as <c>,a,b,</c>; empty when there are none. A tag holds no comma.</param>
/// <param name="Options">JSON object.</param>
/// <param name="Extra">JSON object.</param>
internal sealed record Project(
    string Id, string? DomainId, string? ParentId, bool IsDomain, string Name, string Description, bool Enabled, string Tags, string Options, string Extra)
{
    public IEnumerable<string> TagNames => Tags.Split(',', StringSplitOptions.RemoveEmptyEntries);

    public static string JoinTags(IEnumerable<string> tags)
    {
        var joined = string.Join(',', tags.Distinct());
        return joined.Length == 0 ? "" : $",{joined},";
    }
}

/// <summary>How projects and domains read and look.</summary>
internal static class ProjectJson
{
    private const string Select =
        "SELECT p.id, p.domain_id, p.parent_id, p.is_domain, p.name, p.description, p.enabled, p.tags, p.options, p.extra FROM identity_projects p";

    public static readonly Collection<Project> Projects = new("projects", "project", Select, "p.id", Map, static project => project.Id, WriteProject);
    public static readonly Collection<Project> Domains = new("domains", "domain", Select, "p.id", Map, static project => project.Id, WriteDomain);

    /// <summary>Members with a column of their own.</summary>
    public static readonly HashSet<string> Known =
        ["domain_id", "parent_id", "is_domain", "name", "description", "enabled", "tags", "options", "explicit_domain_id"];

    public static readonly JsonSchema TagList = JsonSchema.Array(JsonSchema.String(1, 255).Pattern("^[^,/]*$")).Count(max: 80).Unique();

    private static readonly JsonSchema Members = JsonSchema.Object
        .Property("description", BodyMembers.NullableText).Property("enabled", JsonSchema.Boolean)
        .Property("is_domain", JsonSchema.Boolean).Property("domain_id", BodyMembers.NullableId).Property("parent_id", BodyMembers.NullableId)
        .Property("tags", TagList).Property("options", ResourceOptions.Immutable);

    public static readonly JsonSchema Create = JsonSchema.Object
        .Required("name", BodyMembers.ShortName)
        .Property("description", BodyMembers.NullableText).Property("enabled", JsonSchema.Boolean)
        .Property("is_domain", JsonSchema.Boolean).Property("domain_id", BodyMembers.NullableId).Property("parent_id", BodyMembers.NullableId)
        .Property("explicit_domain_id", JsonSchema.String())
        .Property("tags", TagList).Property("options", ResourceOptions.Immutable);

    public static readonly JsonSchema Update = Members.Property("name", BodyMembers.ShortName).Properties(min: 1);

    private static Project Map(Row row) => new(
        row.String(0), row.String(1) is { Length: > 0 } domain ? domain : null, row.NullableString(2), row.Bool(3), row.String(4), row.String(5),
        row.Bool(6), row.String(7), row.String(8), row.String(9));

    private static void WriteProject(Utf8JsonWriter writer, Project project)
    {
        writer.WriteString("id", project.Id);
        writer.WriteString("name", project.Name);
        writer.WriteString("domain_id", project.DomainId);
        writer.WriteString("description", project.Description);
        writer.WriteBoolean("enabled", project.Enabled);
        writer.WriteString("parent_id", project.ParentId);
        writer.WriteBoolean("is_domain", project.IsDomain);
        WriteTags(writer, project);
        ResourceOptions.Write(writer, project.Options);
        Extra.Write(writer, project.Extra);
    }

    private static void WriteDomain(Utf8JsonWriter writer, Project domain)
    {
        writer.WriteString("id", domain.Id);
        writer.WriteString("name", domain.Name);
        writer.WriteString("description", domain.Description);
        writer.WriteBoolean("enabled", domain.Enabled);
        WriteTags(writer, domain);
        ResourceOptions.Write(writer, domain.Options);
        Extra.Write(writer, domain.Extra);
    }

    private static void WriteTags(Utf8JsonWriter writer, Project project)
    {
        writer.WriteStartArray("tags");
        foreach (var tag in project.TagNames)
            writer.WriteStringValue(tag);
        writer.WriteEndArray();
    }
}
