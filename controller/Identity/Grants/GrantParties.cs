using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Policies;
using Appliance.Controller.Identity.Groups;
using Appliance.Controller.Identity.Projects;
using Appliance.Controller.Identity.Roles;
using Appliance.Controller.Identity.Users;

namespace Appliance.Controller.Identity.Grants;

/// <summary>The things a grant ties together, as far as they exist.</summary>
internal sealed record GrantParties(Grant Grant, User? User, Group? Group, Project? Target, Role? Role)
{
    public static async Task<GrantParties> ReadAsync(Session tx, Grant grant, CancellationToken ct) => new(
        grant,
        grant.ActorKind == "user" ? await UserJson.Users.FindAsync(tx, grant.ActorId, ct) : null,
        grant.ActorKind == "group" ? await GroupJson.Groups.FindAsync(tx, grant.ActorId, ct) : null,
        grant.TargetKind == "system" ? null : await ProjectJson.Projects.FindAsync(tx, grant.TargetId, ct),
        grant.RoleId.Length == 0 ? null : await RoleJson.Roles.FindAsync(tx, grant.RoleId, ct));

    public PolicyTarget ForPolicy()
    {
        var values = new Dictionary<string, string?>(StringComparer.Ordinal);
        if (User is not null)
            values["target.user.domain_id"] = User.DomainId;
        if (Group is not null)
            values["target.group.domain_id"] = Group.DomainId;
        if (Grant.TargetKind == "project" && Target is not null)
            values["target.project.domain_id"] = Target.DomainId;
        if (Grant.TargetKind == "domain" && Target is not null)
            values["target.domain.id"] = Target.Id;
        if (Role is not null)
            (values["target.role.name"], values["target.role.domain_id"]) = (Role.Name, Role.DomainId);
        return new PolicyTarget(null, null, values);
    }

    /// <summary>What is missing; the actor is left out of account where the grant of a deleted one may be cleaned up.</summary>
    public Fault? CheckExist(bool allowMissingActor = false)
    {
        if (Role is null && Grant.RoleId.Length > 0)
            return IdentityFaults.NotFound("role", Grant.RoleId);
        if (User is null && Group is null && !allowMissingActor)
            return IdentityFaults.NotFound(Grant.ActorKind, Grant.ActorId);
        return Grant.TargetKind switch
        {
            "project" when Target is null => IdentityFaults.NotFound("project", Grant.TargetId),
            "domain" when Target is not { IsDomain: true } => IdentityFaults.NotFound("domain", Grant.TargetId),
            _ => null,
        };
    }

    /// <summary>A domain's own role counts in that domain's projects only. Source: keystone/assignment/core.py, create_grant.</summary>
    public Fault? CheckRoleFits() => (Role?.DomainId, Grant.TargetKind) switch
    {
        (null, _) => null,
        (_, "system") => IdentityFaults.Invalid(
            $"Role {Grant.RoleId} is a domain-specific role. Unable to use a domain-specific role in a system assignment."),
        ({ } domain, "project") when Target?.DomainId != domain => new Fault(FaultKind.Forbidden,
            $"Project {Grant.TargetId} must be in the same domain as the role {Grant.RoleId} being assigned."),
        _ => null,
    };
}
