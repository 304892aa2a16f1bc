using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Identity.Federation.Mappings;

/// <summary>Groups and projects that a provider says as JSON, within a value: a stranger's text, checked before it is believed.</summary>
internal static class MappedJson
{
    private static readonly JsonDocumentOptions Shallow = new() { MaxDepth = 16 };

    private static readonly JsonSchema Group = JsonSchema.Object.Required("name", JsonSchema.String()).Required("domain", MappingJson.Domain);

    /// <summary><c>{"name": …, "domain": {"name": …}}</c>; null: no group with its domain.</summary>
    public static MappedName? ReadGroup(string text)
    {
        using var document = Parse(text);
        return document is not null && Group.Check(document.RootElement) is null ? Name(document.RootElement) : null;
    }

    /// <summary>Lists of projects, or projects one by one; null: one of the texts is neither.</summary>
    public static IReadOnlyList<MappedProject>? ReadProjects(IReadOnlyList<string> texts)
    {
        var projects = new List<MappedProject>();
        foreach (var text in texts)
        {
            using var document = Parse(text);
            if (document is null)
                return null;
            var root = document.RootElement;
            JsonElement[] all = root.ValueKind == JsonValueKind.Array ? [.. root.EnumerateArray()] : [root];
            if (all.Any(static project => MappingJson.ProjectWithDomain.Check(project) is not null))
                return null;
            projects.AddRange(all.Select(static project => new MappedProject(
                Name(project), [.. project.GetProperty("roles").EnumerateArray().Select(static role => role.StringOrNull("name")!)])));
        }

        return projects;
    }

    private static MappedName Name(JsonElement given) =>
        new(null, given.StringOrNull("name"), given.Member("domain")?.StringOrNull("id"), given.Member("domain")?.StringOrNull("name"));

    private static JsonDocument? Parse(string text)
    {
        try
        {
            var document = JsonDocument.Parse(text, Shallow);
            if (JsonText.IsWellFormed(document.RootElement))
                return document;
            document.Dispose();
            return null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
