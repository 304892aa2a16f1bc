using Appliance.Controller.Http;

namespace Appliance.Controller.Identity.Assignments;

/// <summary>What a list of assignments asks for. Source: keystone/api/role_assignments.py.</summary>
internal sealed record AssignmentFilter(
    string? UserId, string? GroupId, string? RoleId, string? ProjectId, string? DomainId, bool OnSystem, bool? Inherited, bool IsEffective,
    bool IncludeNames, bool IncludeSubtree)
{
    public static Outcome<AssignmentFilter> Read(ApiRequest request)
    {
        string? Value(string name) => request.QueryValue(name) is { Length: > 0 } value ? value : null;
        var filter = new AssignmentFilter(
            Value("user.id"), Value("group.id"), Value("role.id"), Value("scope.project.id"), Value("scope.domain.id"),
            Value("scope.system") is not null,
            request.Query.ContainsKey("scope.OS-INHERIT:inherited_to") ? Value("scope.OS-INHERIT:inherited_to") == "projects" : null,
            IsSet(request, "effective"), IsSet(request, "include_names"), IsSet(request, "include_subtree"));
        return filter.Check() is { } fault ? fault : filter;
    }

    /// <summary>A parameter that is there is true, unless it says 0.</summary>
    private static bool IsSet(ApiRequest request, string name) => request.Query.ContainsKey(name) && request.QueryValue(name) != "0";

    private Fault? Check()
    {
        if (DomainId is not null && ProjectId is not null)
            return IdentityFaults.Invalid("Specify a domain or project, not both");
        if (DomainId is not null && OnSystem)
            return IdentityFaults.Invalid("Specify system or domain, not both");
        if (ProjectId is not null && OnSystem)
            return IdentityFaults.Invalid("Specify system or project, not both");
        if (UserId is not null && GroupId is not null)
            return IdentityFaults.Invalid("Specify a user or group, not both");
        if (IsEffective && GroupId is not null)
            return IdentityFaults.Invalid("Combining effective and group filter will always result in an empty list.");
        if (IsEffective && Inherited == true && DomainId is not null)
            return IdentityFaults.Invalid("Combining effective, domain and inherited filters will always result in an empty list.");
        return IncludeSubtree && ProjectId is null
            ? IdentityFaults.Invalid("scope.project.id must be specified if include_subtree is also specified")
            : null;
    }
}
