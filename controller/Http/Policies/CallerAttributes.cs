namespace Appliance.Controller.Http.Policies;

/// <summary>What rules may ask of a caller. Names: oslo.context's policy values, and Keystone's <c>token.*</c>.</summary>
internal static class CallerAttributes
{
    /// <summary>Whether the attribute's value, written as Python writes it, is the expected text; false for an attribute that does not exist.</summary>
    public static bool Matches(Caller caller, string attribute, string expected) => attribute switch
    {
        "is_admin" => (expected is "True" or "true" or "1") == caller.IsAdmin,
        // True of every token that is not for a domain, as where no project was made the cloud's own. Source: keystone's auth_context middleware.
        "is_admin_project" => (expected is "True" or "true" or "1") == caller.DomainId is null,
        "roles" or "role" => caller.HasRole(expected),
        "user_id" or "user" => caller.UserId == expected,
        "user_domain_id" or "user_domain" => caller.UserDomainId == expected,
        "project_id" or "tenant_id" or "tenant" or "project" => (caller.ProjectId ?? "None") == expected,
        "project_name" => (caller.ProjectName ?? "None") == expected,
        "project_domain_id" or "project_domain" or "token.project.domain.id" => (caller.ProjectDomainId ?? "None") == expected,
        "domain_id" or "token.domain.id" => (caller.DomainId ?? "None") == expected,
        "system_scope" or "system" => (caller.IsSystemScoped ? "all" : "None") == expected,
        _ => false,
    };
}
