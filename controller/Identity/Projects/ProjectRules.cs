using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.Projects;

/// <summary>What may be made and changed of projects and domains. Source: keystone/resource/core.py.</summary>
internal static class ProjectRules
{
    // Keystone's default for max_project_tree_depth; a domain counts as the level above.
    private const int MaxDepth = 5;

    /// <param name="lineage">The parent and everything above it, nearest first; empty when the parent does not exist.</param>
    /// <param name="isTwoLevel">Limits are kept by domain and project alone, so that a project's parent is its domain.</param>
    public static Fault? CheckCreate(Project project, Project? domain, IReadOnlyList<Project> lineage, bool isTwoLevel)
    {
        if (project.IsDomain)
            return project.ParentId is null ? null : IdentityFaults.Invalid("only root projects are allowed to act as domains.");
        if (domain is not { IsDomain: true })
            return IdentityFaults.Invalid($"Could not find domain: {project.DomainId}.");
        if (lineage is not [var parent, ..])
            return IdentityFaults.Invalid($"Could not find project: {project.ParentId}.");
        if (parent.IsDomain && parent.Id != domain.Id)
            return IdentityFaults.Invalid(
                $"Cannot create project, the parent ({parent.Id}) is acting as a domain, but this project's domain id ({domain.Id}) does not match the parent's id.");
        if (!parent.IsDomain && parent.DomainId != domain.Id)
            return IdentityFaults.Invalid(
                $"Cannot create project, since it specifies its domain_id {domain.Id}, but specifies a parent in a different domain ({parent.DomainId}).");
        if (lineage.FirstOrDefault(static above => !above.Enabled) is { } disabled)
            return IdentityFaults.Invalid($"cannot create a project in a branch containing a disabled project: {disabled.Id}");
        return lineage.Count > (isTwoLevel ? 1 : MaxDepth) ? new Fault(FaultKind.Forbidden, $"Max hierarchy depth reached for {parent.Id} branch.") : null;
    }

    /// <param name="lineage">Everything above the project.</param>
    /// <param name="hasEnabledBelow">Some project of its subtree is enabled.</param>
    public static Fault? CheckUpdate(Project project, JsonElement body, IReadOnlyList<Project> lineage, bool hasEnabledBelow)
    {
        if (ResourceOptions.CheckUpdate(project.Options, body, project.IsDomain ? "domain" : "project", project.Id) is { } immutable)
            return immutable;
        if (body.Has("domain_id") && body.StringOrNull("domain_id") != project.DomainId)
            return IdentityFaults.Invalid("Cannot change Domain ID");
        if (body.Has("parent_id") && body.StringOrNull("parent_id") != project.ParentId)
            return new Fault(FaultKind.Forbidden, "Update of `parent_id` is not allowed.");
        if (body.BoolOrNull("is_domain") is { } isDomain && isDomain != project.IsDomain)
            return IdentityFaults.Invalid("Update of `is_domain` is not allowed.");

        var willBeEnabled = body.Flag("enabled", project.Enabled);
        if (willBeEnabled && !project.Enabled && lineage.Any(static above => !above.Enabled))
            return new Fault(FaultKind.Forbidden, $"Cannot enable project {project.Id} since it has disabled parents");
        return !willBeEnabled && project.Enabled && !project.IsDomain && hasEnabledBelow
            ? new Fault(FaultKind.Forbidden, $"Cannot disable project {project.Id} since its subtree contains enabled projects.")
            : null;
    }

    public static Fault? CheckDelete(Project project, bool isLeaf)
    {
        var type = project.IsDomain ? "domain" : "project";
        if (ResourceOptions.CheckDelete(project.Options, type, project.Id) is { } immutable)
            return immutable;
        if (project is { IsDomain: true, Enabled: true })
            return new Fault(FaultKind.Forbidden, "Cannot delete a domain that is enabled, please disable it first.");
        return project.IsDomain || isLeaf
            ? null
            : new Fault(FaultKind.Forbidden,
                $"Cannot delete the project {project.Id} since it is not a leaf in the hierarchy. Use the cascade option if you want to delete a whole subtree.");
    }

    public static Fault NameTaken(Project project) => IdentityFaults.Conflict("project", project.IsDomain
        ? $"it is not permitted to have two projects acting as domains with the same name: {project.Name}"
        : $"it is not permitted to have two projects with either the same name or same id in the same domain: name is {project.Name}, project id {project.Id}");
}
