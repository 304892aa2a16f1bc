namespace Appliance.Controller.Identity.Assignments;

/// <summary>A role somebody has somewhere: a grant as it was made, or what a grant amounts to for one user on one target.</summary>
/// <param name="FromGroupId">The membership that brings it; null when the user was granted it.</param>
/// <param name="FromTargetKind">With <paramref name="FromTargetId"/>, the project or domain above that hands it down; null when it was granted here.</param>
/// <param name="PriorRoleId">The granted role that implies this one; null when this one was granted.</param>
internal sealed record Assignment(
    string ActorKind, string ActorId, string TargetKind, string TargetId, string RoleId, bool IsInherited,
    string? FromGroupId = null, string? FromTargetKind = null, string? FromTargetId = null, string? PriorRoleId = null);
