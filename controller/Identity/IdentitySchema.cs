using Appliance.Controller.Data;
using Appliance.Controller.Identity.Auth;
using Appliance.Controller.Identity.Catalog.Filters;
using Appliance.Controller.Identity.Directories;
using Appliance.Controller.Identity.Domains.Configs;
using Appliance.Controller.Identity.Federation;
using Appliance.Controller.Identity.Federation.Assertions;
using Appliance.Controller.Identity.Federation.Logins;
using Appliance.Controller.Identity.Limits;
using Appliance.Controller.Identity.OAuth1;
using Appliance.Controller.Identity.PolicyBlobs;
using Appliance.Controller.Identity.Tokens;
using Appliance.Controller.Identity.Trusts;
using Appliance.Controller.Identity.Users.Passwords;

namespace Appliance.Controller.Identity;

/// <summary>
/// Tables of Identity. Domains are rows of <c>identity_projects</c> with <c>is_domain</c>, as in Keystone; an empty text stands for "no
/// domain" where uniqueness must hold for it too. <c>extra</c> keeps members of a body that the API does not define, as Keystone does.
/// </summary>
internal static class IdentitySchema
{
    public static readonly ComponentSchema Tables = new("identity",
    [
        """
        CREATE TABLE identity_projects (
            id TEXT PRIMARY KEY, domain_id TEXT NOT NULL, parent_id TEXT, is_domain BIGINT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL,
            enabled BIGINT NOT NULL, tags TEXT NOT NULL, options TEXT NOT NULL, extra TEXT NOT NULL, tokens_valid_from BIGINT NOT NULL,
            UNIQUE (is_domain, domain_id, name));
        CREATE INDEX identity_projects_parent ON identity_projects (parent_id);
        CREATE INDEX identity_projects_domain ON identity_projects (domain_id);

        CREATE TABLE identity_users (
            id TEXT PRIMARY KEY, domain_id TEXT NOT NULL, name TEXT NOT NULL, enabled BIGINT NOT NULL, default_project_id TEXT,
            options TEXT NOT NULL, extra TEXT NOT NULL, password_hash TEXT, password_created_at BIGINT, password_expires_at BIGINT,
            created_at BIGINT NOT NULL, tokens_valid_from BIGINT NOT NULL, UNIQUE (domain_id, name));
        CREATE TABLE identity_groups (
            id TEXT PRIMARY KEY, domain_id TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL, extra TEXT NOT NULL, UNIQUE (domain_id, name));
        CREATE TABLE identity_memberships (group_id TEXT NOT NULL, user_id TEXT NOT NULL, PRIMARY KEY (group_id, user_id));
        CREATE INDEX identity_memberships_user ON identity_memberships (user_id);

        CREATE TABLE identity_roles (
            id TEXT PRIMARY KEY, domain_id TEXT NOT NULL, name TEXT NOT NULL, description TEXT, options TEXT NOT NULL, extra TEXT NOT NULL,
            UNIQUE (domain_id, name));
        CREATE TABLE identity_implied_roles (prior_id TEXT NOT NULL, implied_id TEXT NOT NULL, PRIMARY KEY (prior_id, implied_id));
        CREATE TABLE identity_assignments (
            actor_id TEXT NOT NULL, target_id TEXT NOT NULL, role_id TEXT NOT NULL, inherited BIGINT NOT NULL, actor_kind TEXT NOT NULL,
            target_kind TEXT NOT NULL, PRIMARY KEY (actor_kind, actor_id, target_kind, target_id, role_id, inherited));
        CREATE INDEX identity_assignments_target ON identity_assignments (target_kind, target_id);
        CREATE INDEX identity_assignments_role ON identity_assignments (role_id);

        CREATE TABLE identity_regions (id TEXT PRIMARY KEY, parent_id TEXT, description TEXT NOT NULL, extra TEXT NOT NULL);
        CREATE TABLE identity_services (
            id TEXT PRIMARY KEY, type TEXT NOT NULL, name TEXT, enabled BIGINT NOT NULL, extra TEXT NOT NULL);
        CREATE TABLE identity_endpoints (
            id TEXT PRIMARY KEY, service_id TEXT NOT NULL, region_id TEXT, interface TEXT NOT NULL, url TEXT NOT NULL, enabled BIGINT NOT NULL,
            name TEXT, extra TEXT NOT NULL);
        CREATE INDEX identity_endpoints_service ON identity_endpoints (service_id);

        CREATE TABLE identity_token_keys (id BIGINT PRIMARY KEY, sealed_key TEXT NOT NULL, created_at BIGINT NOT NULL);
        CREATE TABLE identity_revocations (audit_id TEXT PRIMARY KEY, expires_at BIGINT NOT NULL);
        CREATE TABLE identity_marks (name TEXT PRIMARY KEY);
        """,
        """
        CREATE TABLE identity_application_credentials (
            id TEXT PRIMARY KEY, user_id TEXT NOT NULL, project_id TEXT NOT NULL, name TEXT NOT NULL, description TEXT, secret_hash TEXT NOT NULL,
            role_ids TEXT NOT NULL, rule_ids TEXT, unrestricted BIGINT NOT NULL, expires_at BIGINT, UNIQUE (user_id, name));
        CREATE INDEX identity_application_credentials_project ON identity_application_credentials (project_id);
        CREATE TABLE identity_access_rules (
            id TEXT PRIMARY KEY, user_id TEXT NOT NULL, service TEXT NOT NULL, path TEXT NOT NULL, method TEXT NOT NULL,
            UNIQUE (user_id, service, path, method));
        CREATE TABLE identity_credentials (
            id TEXT PRIMARY KEY, user_id TEXT NOT NULL, project_id TEXT, type TEXT NOT NULL, sealed_blob TEXT NOT NULL, extra TEXT NOT NULL);
        CREATE INDEX identity_credentials_user ON identity_credentials (user_id);
        """,
        LimitJson.Tables,
        TrustJson.Tables,
        EndpointGroupJson.Tables,
        PolicyBlobJson.Tables,
        DomainConfigStore.Tables,
        OAuthStore.Tables,
        LoginGuard.Tables + PasswordPolicy.Tables,
        FederationJson.Tables,
        RevocationRoutes.Tables,
        FederatedUserStore.Tables,
        FederatedUserStore.Links,
        SamlSigners.Tables,
        DirectoryMirror.Tables,
    ]);
}

/// <summary>Ids as Keystone makes them: 32 hexadecimal digits.</summary>
internal static class Ids
{
    public static string New() => Guid.NewGuid().ToString("N");

    /// <summary>32 hexadecimal digits, with or without dashes. Source: oslo_utils/uuidutils.py.</summary>
    public static bool IsUuidLike(string text)
    {
        var digits = text.Replace("-", "", StringComparison.Ordinal);
        return digits.Length == 32 && digits.All(char.IsAsciiHexDigit);
    }
}
