using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Http.Policies;

namespace Appliance.Controller.Identity.Projects;

/// <summary><c>/v3/projects/{id}/tags</c>. Source: keystone/api/projects.py.</summary>
internal sealed class ProjectTagRoutes(IdentityContext context, ProjectChanges changes, PolicyTargetFinder findProject)
{
    // The schema of the list says 80; adding one at a time must stop there too.
    private const int MaxTags = 80;
    private const int MaxTagLength = 255;

    private static readonly JsonSchema Replace = JsonSchema.Object.Closed().Property("tags", ProjectJson.TagList);

    public void Map(ApiRoutes v3)
    {
        var tags = v3.Group("/projects/{project_id}/tags");
        tags.Read("", "identity:list_project_tags", ListAsync, findProject);
        tags.Put("", ReplaceAsync).Allow("identity:update_project_tags", findProject);
        tags.Delete("", ClearAsync).Allow("identity:delete_project_tags", findProject);
        tags.Read("/{tag}", "identity:get_project_tag", CheckAsync, findProject);
        tags.Put("/{tag}", AddAsync).Allow("identity:create_project_tag", findProject);
        tags.Delete("/{tag}", RemoveAsync).Allow("identity:delete_project_tag", findProject);
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct) =>
        (await FindAsync(request, ct)).Failed(out var missing, out var project) ? missing : Answer(request, project);

    private async Task<ApiResult> CheckAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await FindAsync(request, ct)).Failed(out var missing, out var project))
            return missing;
        var tag = request.Path("tag");
        return project.TagNames.Contains(tag) ? ApiResult.NoContent : IdentityFaults.NotFound("project tag", tag);
    }

    private async Task<ApiResult> ReplaceAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadAsync(request, ct)).Failed(out var unreadable, out var body))
            return unreadable;
        if (IdentityBody.Check(Replace, body) is { } invalid)
            return invalid;
        string[] tags = body.Member("tags") is { } given ? [.. given.EnumerateArray().Select(static tag => tag.GetString()!)] : [];
        return await ChangeAsync(request, _ => tags, ct);
    }

    private async Task<ApiResult> ClearAsync(ApiRequest request, CancellationToken ct) =>
        (await changes.ChangeTagsAsync(request.Actor, request.Path("project_id"), static _ => Array.Empty<string>(), ct)).Failed(out var fault, out _)
            ? fault
            : ApiResult.NoContent;

    private async Task<ApiResult> AddAsync(ApiRequest request, CancellationToken ct)
    {
        var tag = request.Path("tag");
        if (tag.Length is 0 or > MaxTagLength || tag.Contains(',', StringComparison.Ordinal) || tag.Contains('/', StringComparison.Ordinal))
            return IdentityFaults.Invalid($"{PythonText.Quote(tag)} does not match '^[^,/]*$'");

        var outcome = await changes.ChangeTagsAsync(request.Actor, request.Path("project_id"), tags =>
            tags.Count >= MaxTags && !tags.Contains(tag) ? IdentityFaults.Invalid($"a project has at most {MaxTags} tags") : (string[])[.. tags, tag], ct);
        return outcome.Failed(out var fault, out _)
            ? fault
            : ApiResult.Status(StatusCodes.Status201Created).With("Location", context.SelfUrl(request));
    }

    private async Task<ApiResult> RemoveAsync(ApiRequest request, CancellationToken ct)
    {
        var tag = request.Path("tag");
        var outcome = await changes.ChangeTagsAsync(request.Actor, request.Path("project_id"), tags =>
            tags.Contains(tag) ? tags.Where(one => one != tag).ToArray() : IdentityFaults.NotFound("project tag", tag), ct);
        return outcome.Failed(out var fault, out _) ? fault : ApiResult.NoContent;
    }

    private async Task<ApiResult> ChangeAsync(
        ApiRequest request, Func<IReadOnlyList<string>, Outcome<IReadOnlyList<string>>> change, CancellationToken ct) =>
        (await changes.ChangeTagsAsync(request.Actor, request.Path("project_id"), change, ct)).Failed(out var fault, out var project)
            ? fault
            : Answer(request, project);

    private async Task<Outcome<Project>> FindAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("project_id");
        return await context.Database.ReadAsync((tx, token) => ProjectJson.Projects.FindAsync(tx, id, token), ct) is { } project
            ? project
            : IdentityFaults.NotFound("project", id);
    }

    private ApiResult Answer(ApiRequest request, Project project)
    {
        var self = context.SelfUrl(request);
        return ApiResult.Ok(writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("tags");
            foreach (var tag in project.TagNames)
                writer.WriteStringValue(tag);
            writer.WriteEndArray();
            writer.WriteStartObject("links");
            writer.WriteString("self", self);
            writer.WriteEndObject();
            writer.WriteEndObject();
        });
    }
}
