using System.Text.Json;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.Federation.Mappings;

/// <summary>Rules that make a user and its groups of what a provider says.</summary>
/// <param name="Rules">JSON array.</param>
internal sealed record Mapping(string Id, string Rules, string SchemaVersion)
{
    public const string DefaultVersion = "1.0";
}

/// <summary>What a version of mappings means beyond the first.</summary>
/// <param name="HonorsDomain">2.0: the <c>domain</c> of a local part is that of its user and projects, unless they name another.</param>
/// <param name="SyncsProjects">3.0: what the provider says of projects is all there is. It may say so as JSON, in <c>projects_json</c>.</param>
internal sealed record MappingDialect(bool HonorsDomain, bool SyncsProjects)
{
    public static MappingDialect Of(string version) => version switch
    {
        "3.0" => new MappingDialect(true, true),
        "2.0" => new MappingDialect(true, false),
        _ => new MappingDialect(false, false),
    };
}

/// <summary>How mappings read, look, and what they may say. Source: keystone/federation/utils.py.</summary>
internal static class MappingJson
{
    public static readonly Collection<Mapping> Mappings = new(
        "mappings", "mapping", "SELECT m.id, m.rules, m.schema_version FROM identity_mappings m", "m.id",
        static row => new Mapping(row.String(0), row.String(1), row.String(2)), static mapping => mapping.Id, Write)
    { Path = "OS-FEDERATION/mappings" };

    private static readonly JsonSchema Text = JsonSchema.String();

    public static readonly JsonSchema Domain = JsonSchema.Object.Closed().Property("id", Text).Property("name", Text);
    public static readonly JsonSchema ProjectWithDomain = Project().Property("domain", Domain);

    private static readonly Dictionary<string, JsonSchema> ByVersion = new(StringComparer.Ordinal)
    {
        ["1.0"] = Whole(projectsHaveDomains: false, hasProjectsJson: false),
        ["2.0"] = Whole(projectsHaveDomains: true, hasProjectsJson: false),
        ["3.0"] = Whole(projectsHaveDomains: true, hasProjectsJson: true),
    };

    /// <summary>Null: there is no such version.</summary>
    public static JsonSchema? SchemaOf(string version) => ByVersion.GetValueOrDefault(version);

    private static JsonSchema Whole(bool projectsHaveDomains, bool hasProjectsJson)
    {
        var local = JsonSchema.Object.Closed()
            .Property("user", JsonSchema.Object.Closed().Property("id", Text).Property("name", Text).Property("email", Text).Property("domain", Domain)
                .Property("type", JsonSchema.OneOfValues("ephemeral", "local")))
            .Property("projects", JsonSchema.Array(projectsHaveDomains ? ProjectWithDomain : Project()))
            .Property("group", JsonSchema.Object.OneOf(
                JsonSchema.Object.Closed().Required("id", Text), JsonSchema.Object.Closed().Required("name", Text).Required("domain", Domain)))
            .Property("groups", Text).Property("group_ids", Text).Property("domain", Domain);
        if (hasProjectsJson)
            local = local.Property("projects_json", Text);
        var remote = JsonSchema.Object.OneOf(
            JsonSchema.Object.Closed().Required("type", Text), Condition("any_one_of"), Condition("not_any_of"), Condition("blacklist"), Condition("whitelist"));
        return JsonSchema.Object.Property("schema_version", Text).Required("rules", JsonSchema.Array(JsonSchema.Object.Closed()
            .Required("local", JsonSchema.Array(local)).Required("remote", JsonSchema.Array(remote).Count(min: 1))).Count(min: 1));
    }

    private static JsonSchema Project() => JsonSchema.Object.Closed().Required("name", Text)
        .Required("roles", JsonSchema.Array(JsonSchema.Object.Closed().Required("name", Text)));

    private static JsonSchema Condition(string name) => JsonSchema.Object.Closed()
        .Required("type", Text).Required(name, JsonSchema.Of("array")).Property("regex", JsonSchema.Boolean);

    private static void Write(Utf8JsonWriter writer, Mapping mapping)
    {
        writer.WriteString("id", mapping.Id);
        writer.WritePropertyName("rules");
        writer.WriteRawValue(mapping.Rules, skipInputValidation: true);
        writer.WriteString("schema_version", mapping.SchemaVersion);
    }
}
