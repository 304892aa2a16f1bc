using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Access;
using Appliance.Controller.Identity.Auth;
using Appliance.Controller.Identity.Auth.Methods;
using Appliance.Controller.Identity.Federation.IdentityProviders;
using Appliance.Controller.Identity.Federation.Mappings;
using Appliance.Controller.Identity.Federation.Protocols;
using Appliance.Controller.Identity.Groups;
using Appliance.Controller.Identity.Grants;
using Appliance.Controller.Identity.Projects;
using Appliance.Controller.Identity.Tokens;
using Appliance.Controller.Identity.Users;

namespace Appliance.Controller.Identity.Federation.Logins;

/// <summary>Reads what a provider says of who is logging in, values by name. Every refusal is the same 401.</summary>
internal delegate Task<Outcome<IReadOnlyDictionary<string, IReadOnlyList<string>>>> AssertionReader(IdentityProvider provider, CancellationToken ct);

/// <summary>Logs in whom a provider vouches for, as the user that the rules of its mapping say. Source: keystone/auth/plugins/mapped.py.</summary>
internal sealed class FederatedLogin(
    IdentityContext context, LoginReader logins, LoginGuard guard, LoginAudit audit, ScopeGranter granter, TokenIssuer issuer)
{
    private static readonly HashSet<string> AllMethods = [.. Token.NamesOf((AuthMethods)byte.MaxValue)];

    /// <returns>An unscoped token of the user, who is there now and in the groups that the mapping says. Every refusal is the same 401.</returns>
    public async Task<Outcome<ValidToken>> LogInAsync(
        ApiRequest request, string providerId, string protocolId, AssertionReader read, CancellationToken ct)
    {
        string? userId = null;
        var outcome = await ProveAsync(request, providerId, protocolId, read, ct);
        if (!outcome.Failed(out var refused, out userId))
        {
            var issued = await IssueAsync(userId, protocolId, ct);
            if (!issued.Failed(out refused, out var valid))
            {
                audit.Succeeded(request, valid);
                return issued;
            }
        }

        await audit.FailedAsync(request, userId, [protocolId], refused, ct);
        return refused;
    }

    private async Task<Outcome<ValidToken>> IssueAsync(string userId, string protocolId, CancellationToken ct)
    {
        var method = protocolId == "openid" ? AuthMethods.OpenId : AuthMethods.Mapped;
        if (await logins.FindUserAsync(new NameInDomain(userId, null, null, null), ct) is not { } user
            || !FactorRules.AreMet(user.Options.FactorRules, Token.NamesOf(method).ToHashSet(StringComparer.Ordinal), AllMethods))
            return IdentityFaults.Unauthorized("the user's rules demand more than a provider's word");
        if ((await granter.GrantAsync(new Proof(userId, method), new AskedScope(AskedScopeKind.Unscoped), ct)).Failed(out var fault, out var granted))
            return fault;
        await guard.RecordSuccessAsync(user, ct);
        return issuer.Issue(granted.Access, method);
    }

    // The user's id.
    private async Task<Outcome<string>> ProveAsync(
        ApiRequest request, string providerId, string protocolId, AssertionReader read, CancellationToken ct)
    {
        var (provider, mapping) = await context.Database.ReadAsync(async (tx, token) =>
        {
            var protocol = await ProtocolRoutes.FindAsync(tx, providerId, protocolId, token);
            return (await IdentityProviderJson.FindAsync(tx, providerId, token),
                protocol is null ? null : await MappingJson.Mappings.FindAsync(tx, protocol.MappingId, token));
        }, ct);
        if (provider is not { Enabled: true } || mapping is null)
            return IdentityFaults.Unauthorized("no such enabled provider with that protocol");
        if ((await read(provider, ct)).Failed(out var unproven, out var assertion))
            return unproven;
        using var rules = JsonDocument.Parse(mapping.Rules);
        if (MappingRules.Apply(rules.RootElement, assertion, MappingDialect.Of(mapping.SchemaVersion)).Failed(out var unmapped, out var identity))
            return unmapped;
        return await context.Database.TryWriteAsync<string>(
            (tx, token) => identity.IsLocal ? FindLocalAsync(tx, identity, token) : EnsureAsync(tx, request.Actor, provider, protocolId, identity, token), ct);
    }

    private static async Task<Outcome<string>> FindLocalAsync(Session tx, MappedIdentity identity, CancellationToken ct)
    {
        if (identity.User is not { } asked)
            return IdentityFaults.Unauthorized("the mapping names no user");
        var user = asked.Id is { Length: > 0 } id
            ? await UserJson.Users.FindAsync(tx, id, ct)
            : await FindByNameAsync(tx, UserJson.Users, "u", asked, null, ct);
        return user is { Enabled: true } ? user.Id : IdentityFaults.Unauthorized("no such enabled local user");
    }

    private async Task<Outcome<string>> EnsureAsync(
        Session tx, Actor actor, IdentityProvider provider, string protocolId, MappedIdentity identity, CancellationToken ct)
    {
        if ((identity.User?.Id ?? identity.User?.Name) is not { Length: > 0 } unique)
            return IdentityFaults.Unauthorized("the mapping names no user");
        if (await FindDomainIdAsync(tx, identity.User, provider.DomainId, ct) is not { } domainId)
            return IdentityFaults.Unauthorized("the mapping names a domain that there is not");
        if ((await FindGroupsAsync(tx, identity.Groups, ct)).Failed(out var noGroup, out var groups))
            return noGroup;

        var now = context.Clock.GetUtcNow();
        if (await FederatedUserStore.FindUserIdAsync(tx, provider.Id, protocolId, unique, ct) is not { } userId)
        {
            var user = FederatedUserStore.New(Ids.New(), domainId, identity.User!.Name ?? unique, identity.Email);
            userId = await FederatedUserStore.InsertAsync(tx, provider.Id, protocolId, unique, user, now, ct);
            await context.Database.LogAsync(tx, actor with { UserId = userId }, "user", userId, "create", ct);
        }

        else
        {
            await FederatedUserStore.FollowAsync(tx, userId, identity.User!.Name, identity.Email, ct);
        }

        await FederatedUserStore.RecordLoginAsync(tx, provider.Id, protocolId, unique, now, ct);
        var lifetime = provider.AuthorizationTtlMinutes is { } minutes and > 0 ? TimeSpan.FromMinutes(minutes) : TokenIssuer.Lifetime;
        await FederatedUserStore.SetGroupsAsync(tx, userId, groups, now + lifetime, ct);
        var own = actor with { UserId = userId };
        if (identity.SyncsProjects)
        {
            await GrantStore.DeleteOfProjectsAsync(tx, userId, ct);
            await context.Database.LogAsync(tx, own, "user", userId, "sync_projects", ct);
        }

        return await GrantProjectsAsync(tx, own, provider, identity.Projects, userId, ct) is { } refused ? refused : userId;
    }

    // A group that is named and not there is passed over; one whose id is not there is a mistake of the mapping.
    private static async Task<Outcome<string[]>> FindGroupsAsync(Session tx, IReadOnlyList<MappedName> asked, CancellationToken ct)
    {
        var ids = new List<string>();
        foreach (var group in asked)
        {
            var found = group.Id is { } id
                ? await GroupJson.Groups.FindAsync(tx, id, ct)
                : await FindByNameAsync(tx, GroupJson.Groups, "g", group, null, ct);
            if (found is not null)
                ids.Add(found.Id);
            else if (group.Id is not null)
                return IdentityFaults.Unauthorized($"the mapping names group {group.Id}, which there is not");
        }

        return ids.Distinct().ToArray();
    }

    // Projects of the mapping are made when they are not there; the user gets the roles on them.
    private async Task<Fault?> GrantProjectsAsync(
        Session tx, Actor actor, IdentityProvider provider, IReadOnlyList<MappedProject> projects, string userId, CancellationToken ct)
    {
        if (projects.Count == 0)
            return null;
        var graph = await RoleGraph.ReadAsync(tx, ct);
        foreach (var (name, roleNames) in projects)
        {
            if (await FindDomainIdAsync(tx, name, provider.DomainId, ct) is not { } domainId)
                return IdentityFaults.Unauthorized("the mapping names a domain that there is not");
            var project = await FindByNameAsync(tx, ProjectJson.Projects, "p", name with { DomainId = domainId }, "p.is_domain = 0", ct)
                ?? await MakeProjectAsync(tx, actor, domainId, name.Name!, ct);
            foreach (var roleName in roleNames)
            {
                if (graph.FindGlobal(roleName) is not { } role)
                    return IdentityFaults.Unauthorized($"the mapping names role {roleName}, which there is not");
                var grant = new Grant("user", userId, "project", project.Id, role.Id, false);
                if (await GrantStore.InsertAsync(tx, grant, ct))
                    await GrantStore.LogAsync(context.Database, tx, actor, grant, "create", ct);
            }
        }

        return null;
    }

    private async Task<Project> MakeProjectAsync(Session tx, Actor actor, string domainId, string name, CancellationToken ct)
    {
        var project = new Project(
            Ids.New(), domainId, domainId, false, name, "", true, "", Collections.Extra.None, Collections.Extra.None);
        await ProjectStore.TryInsertAsync(tx, project, ct);
        await context.Database.LogAsync(tx, actor, "project", project.Id, "create", ct);
        return project;
    }

    private static async Task<T?> FindByNameAsync<T>(
        Session tx, Collections.Collection<T> collection, string alias, MappedName name, string? condition, CancellationToken ct)
        where T : class
    {
        if (await FindDomainIdAsync(tx, name, null, ct) is not { } domainId)
            return null;
        return await tx.FindAsync(
            $"{collection.Select} WHERE {alias}.name = @name AND {alias}.domain_id = @domain AND {condition ?? "1 = 1"}", collection.Map, ct,
            ("name", name.Name ?? ""), ("domain", domainId));
    }

    private static async Task<string?> FindDomainIdAsync(Session tx, MappedName? name, string? otherwise, CancellationToken ct)
    {
        if (name?.DomainId is null && name?.DomainName is null)
            return otherwise;
        return await tx.FindAsync("SELECT id FROM identity_projects WHERE is_domain = 1 AND (id = @id OR name = @name)", static row => row.String(0), ct,
            ("id", name.DomainId), ("name", name.DomainId is null ? name.DomainName : null));
    }
}
