using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Settings;

namespace Appliance.Controller.Identity.Projects;

/// <summary>Making, changing and deleting projects and domains, each as one transaction.</summary>
internal sealed class ProjectChanges(IdentityContext context)
{
    public Task<Outcome<Project>> CreateAsync(Actor actor, Project project, CancellationToken ct) => context.Database.TryWriteAsync<Project>(async (tx, token) =>
    {
        var domain = project.DomainId is { } domainId ? await ProjectJson.Domains.FindAsync(tx, domainId, token) : null;
        var lineage = project.ParentId is { } parent ? await ProjectStore.ListLineageAsync(tx, parent, token) : [];
        var isTwoLevel = context.Options.Identity.UnifiedLimit.EnforcementModel == UnifiedLimitSettings.StrictTwoLevel;
        if (ProjectRules.CheckCreate(project, domain, lineage, isTwoLevel) is { } refused)
            return refused;
        if (!await ProjectStore.TryInsertAsync(tx, project, token))
            return ProjectRules.NameTaken(project);
        await context.Database.LogAsync(tx, actor, TypeOf(project), project.Id, "create", token);
        return project;
    }, ct);

    /// <param name="isDomain">The kind the path names: the other kind is not found.</param>
    public Task<Outcome<Project>> UpdateAsync(Actor actor, string id, bool isDomain, JsonElement body, CancellationToken ct) =>
        context.Database.TryWriteAsync<Project>(async (tx, token) =>
        {
            if (await ProjectJson.Projects.FindAsync(tx, id, token) is not { } project || (isDomain && !project.IsDomain))
                return IdentityFaults.NotFound(isDomain ? "domain" : "project", id);
            var lineage = await ProjectStore.ListLineageAsync(tx, id, token);
            var subtree = await ProjectStore.ListSubtreeAsync(tx, id, token);
            if (ProjectRules.CheckUpdate(project, body, [.. lineage.Skip(1)], subtree.Any(static below => below.Enabled)) is { } refused)
                return refused;

            var updated = Apply(project, body);
            if (!await ProjectStore.TryUpdateAsync(tx, updated, token))
                return ProjectRules.NameTaken(updated);
            if (project.Enabled && !updated.Enabled)
                await ProjectStore.VoidTokensAsync(tx, id, context.Clock.GetUtcNow(), token);
            await context.Database.LogAsync(tx, actor, TypeOf(project), id, "update", token);
            return updated;
        }, ct);

    public Task<Fault?> DeleteAsync(Actor actor, string id, bool isDomain, CancellationToken ct) => context.Database.TryWriteAsync(async (tx, token) =>
    {
        if (await ProjectJson.Projects.FindAsync(tx, id, token) is not { } project || (isDomain && !project.IsDomain))
            return IdentityFaults.NotFound(isDomain ? "domain" : "project", id);
        var isLeaf = await tx.CountAsync("SELECT COUNT(*) FROM identity_projects WHERE parent_id = @id", token, ("id", id)) == 0;
        if (ProjectRules.CheckDelete(project, isLeaf) is { } refused)
            return refused;
        await ProjectStore.DeleteAsync(tx, project, token);
        if (project.IsDomain)
            tx.AfterCommit(() => context.Directories.Forget(id));
        await context.Database.LogAsync(tx, actor, TypeOf(project), id, "delete", token);
        return null;
    }, ct);

    /// <summary>Replaces the tags with what <paramref name="change"/> makes of them.</summary>
    public Task<Outcome<Project>> ChangeTagsAsync(
        Actor actor, string id, Func<IReadOnlyList<string>, Outcome<IReadOnlyList<string>>> change, CancellationToken ct) =>
        context.Database.TryWriteAsync<Project>(async (tx, token) =>
        {
            if (await ProjectJson.Projects.FindAsync(tx, id, token) is not { } project)
                return IdentityFaults.NotFound("project", id);
            if (change([.. project.TagNames]).Failed(out var refused, out var tags))
                return refused;
            var updated = project with { Tags = Project.JoinTags(tags) };
            await ProjectStore.TryUpdateAsync(tx, updated, token);
            await context.Database.LogAsync(tx, actor, TypeOf(project), id, "update", token);
            return updated;
        }, ct);

    /// <summary>A project as a body describes it, over the values there are.</summary>
    public static Project Apply(Project project, JsonElement body) => project with
    {
        Name = body.Text("name", project.Name)!.Trim(),
        Description = body.Text("description", project.Description) ?? "",
        Enabled = body.Flag("enabled", project.Enabled),
        Tags = body.Member("tags") is { ValueKind: JsonValueKind.Array } tags
            ? Project.JoinTags(tags.EnumerateArray().Select(static tag => tag.GetString()!))
            : project.Tags,
        Options = ResourceOptions.Merge(project.Options, body),
        Extra = Extra.Merge(project.Extra, body, ProjectJson.Known),
    };

    private static string TypeOf(Project project) => project.IsDomain ? "domain" : "project";
}
