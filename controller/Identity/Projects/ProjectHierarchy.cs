using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Access;

namespace Appliance.Controller.Identity.Projects;

/// <summary>
/// What is above and below a project, when <c>parents_as_list</c>, <c>parents_as_ids</c>, <c>subtree_as_list</c> or <c>subtree_as_ids</c> asks.
/// The lists show only projects the caller has a role on; the ids show all.
/// </summary>
internal sealed class ProjectHierarchy(
    Project project, string v3Url, IReadOnlyList<Project>? parents, bool parentsAsIds, IReadOnlyList<Project>? subtree, bool subtreeAsIds)
{
    public static async Task<Outcome<ProjectHierarchy>> ReadAsync(IdentityContext context, ApiRequest request, Project project, CancellationToken ct)
    {
        bool Asks(string name) => request.QueryValue(name) is { } value && value != "0" || (request.Query.ContainsKey(name) && request.QueryValue(name) is null or "");
        var (parentsAsList, parentsAsIds) = (Asks("parents_as_list"), Asks("parents_as_ids"));
        var (subtreeAsList, subtreeAsIds) = (Asks("subtree_as_list"), Asks("subtree_as_ids"));
        if (parentsAsList && parentsAsIds)
            return IdentityFaults.Invalid("Cannot use parents_as_list and parents_as_ids query params at the same time.");
        if (subtreeAsList && subtreeAsIds)
            return IdentityFaults.Invalid("Cannot use subtree_as_list and subtree_as_ids query params at the same time.");
        if (!(parentsAsList || parentsAsIds || subtreeAsList || subtreeAsIds))
            return new ProjectHierarchy(project, "", null, false, null, false);

        return await context.Database.ReadAsync(async (tx, token) =>
        {
            var visible = parentsAsList || subtreeAsList ? (await UserScopes.ListProjectIdsAsync(tx, request.Caller.UserId, token)).ToHashSet() : [];
            List<Project>? parents = null, subtree = null;
            if (parentsAsList || parentsAsIds)
                parents = [.. (await ProjectStore.ListLineageAsync(tx, project.Id, token)).Skip(1).Where(above => parentsAsIds || visible.Contains(above.Id))];
            if (subtreeAsList || subtreeAsIds)
                subtree = [.. (await ProjectStore.ListSubtreeAsync(tx, project.Id, token)).Where(below => subtreeAsIds || visible.Contains(below.Id))];
            return new ProjectHierarchy(project, context.V3Url(request), parents, parentsAsIds, subtree, subtreeAsIds);
        }, ct);
    }

    /// <summary>Writes <c>parents</c> and <c>subtree</c> into the project's object.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        if (parents is not null)
        {
            writer.WritePropertyName("parents");
            if (parentsAsIds)
                WriteParentIds(writer, 0);
            else
                WriteList(writer, parents);
        }

        if (subtree is null)
            return;
        writer.WritePropertyName("subtree");
        if (subtreeAsIds)
            WriteSubtreeIds(writer, subtree.ToLookup(static below => below.ParentId), project.Id);
        else
            WriteList(writer, subtree);
    }

    private void WriteList(Utf8JsonWriter writer, IReadOnlyList<Project> projects)
    {
        writer.WriteStartArray();
        foreach (var one in projects)
        {
            writer.WriteStartObject();
            writer.WritePropertyName("project");
            ProjectJson.Projects.WriteItem(writer, one, v3Url);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    // {nearest: {next: {…: null}}}
    private void WriteParentIds(Utf8JsonWriter writer, int index)
    {
        if (index == parents!.Count)
        {
            writer.WriteNullValue();
            return;
        }

        writer.WriteStartObject();
        writer.WritePropertyName(parents[index].Id);
        WriteParentIds(writer, index + 1);
        writer.WriteEndObject();
    }

    private static void WriteSubtreeIds(Utf8JsonWriter writer, ILookup<string?, Project> children, string id)
    {
        if (!children[id].Any())
        {
            writer.WriteNullValue();
            return;
        }

        writer.WriteStartObject();
        foreach (var child in children[id])
        {
            writer.WritePropertyName(child.Id);
            WriteSubtreeIds(writer, children, child.Id);
        }

        writer.WriteEndObject();
    }
}
