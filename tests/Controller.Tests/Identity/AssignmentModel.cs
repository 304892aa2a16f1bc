using System.Text.Json.Nodes;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

/// <param name="Target"><c>project</c> or <c>domain</c>, a space, an id.</param>
internal sealed record Granted(string ActorKind, string Actor, string Target, string Role, bool Inherited);

/// <summary>A role that a user has on a target.</summary>
internal sealed record Held(string User, string Target, string Role);

/// <summary>
/// Grants, groups, projects and roles, changed through the API and remembered here as plain sets; and what the grants amount to, worked out
/// from the definition alone: every grant, to everybody it reaches, everywhere it reaches, with every role it means.
/// </summary>
internal sealed class AssignmentModel(TestCloud cloud)
{
    private readonly HashSet<Granted> _grants = [];
    private readonly HashSet<(string Group, string User)> _members = [];
    private readonly HashSet<(string Prior, string Implied)> _implied = [];
    private readonly Dictionary<string, string> _parents = [];      // of projects: a project or a domain
    private readonly HashSet<string> _domainRoles = [];
    private int _names;

    public List<string> Users { get; } = [];
    public List<string> Groups { get; } = [];
    public List<string> Domains { get; } = [];
    public List<string> Roles { get; } = [];
    public List<string> Projects => [.. _parents.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Two domains with a tree of three levels and a lone project, three users, two groups, four global roles and one of the first domain.</summary>
    public async Task PopulateAsync()
    {
        foreach (var name in new[] { "north", "south" })
            Domains.Add(await cloud.CreateAsync("domains", "domain", new JsonObject { ["name"] = name }));
        foreach (var name in new[] { "ann", "bob", "cyd" })
            Users.Add(await cloud.CreateUserAsync(name));
        foreach (var name in new[] { "staff", "guests" })
            Groups.Add(await cloud.CreateAsync("groups", "group", new JsonObject { ["name"] = name }));
        foreach (var name in new[] { "a", "b", "c", "d" })
            Roles.Add(await cloud.CreateAsync("roles", "role", new JsonObject { ["name"] = name }));
        Roles.Add(await cloud.CreateAsync("roles", "role", new JsonObject { ["name"] = "ofnorth", ["domain_id"] = Domains[0] }));
        _domainRoles.Add(Roles[^1]);
        var top = await AddProjectAsync(Domains[0]);
        var middle = await AddProjectAsync(top);
        await AddProjectAsync(middle);
        await AddProjectAsync(Domains[1]);
    }

    public async Task<string> AddProjectAsync(string parent)
    {
        var domain = DomainOf(parent);
        var id = await cloud.CreateProjectAsync($"p{_names++}", parent == domain ? null : parent, domain);
        _parents.Add(id, parent);
        return id;
    }

    /// <summary>Only what nothing lies below can go.</summary>
    public async Task DeleteProjectAsync(string project)
    {
        if (_parents.ContainsValue(project) || _parents.Count < 4)
            return;
        (await cloud.DeleteAsync($"{V3}/projects/{project}")).ShouldBe(204);
        _parents.Remove(project);
        _grants.RemoveWhere(grant => grant.Target == "project " + project);
    }

    public async Task ToggleMemberAsync(string group, string user)
    {
        var path = $"{V3}/groups/{group}/users/{user}";
        (_members.Remove((group, user)) ? await cloud.DeleteAsync(path) : await Add(_members, (group, user), path)).ShouldBe(204);
    }

    /// <summary>What the API refuses, such as a domain's role outside of it, is not remembered.</summary>
    public async Task ToggleGrantAsync(Granted grant)
    {
        var (kind, id) = (grant.Target.Split(' ')[0], grant.Target.Split(' ')[1]);
        var path = $"{kind}s/{id}/{grant.ActorKind}s/{grant.Actor}/roles/{grant.Role}";
        path = grant.Inherited ? $"{V3}/OS-INHERIT/{path}/inherited_to_projects" : $"{V3}/{path}";
        if (_grants.Remove(grant))
            (await cloud.DeleteAsync(path)).ShouldBe(204);
        else if ((await cloud.PutAsync(path, "")).Status is var status && status == 204)
            _grants.Add(grant);
        else
            Assert.True(status == 403 && _domainRoles.Contains(grant.Role), $"{status} for {grant}");
    }

    /// <summary>A role implies itself no more than a global role one of a domain: what the API refuses is not remembered.</summary>
    public async Task ToggleImpliedAsync(string prior, string implied)
    {
        var path = $"{V3}/roles/{prior}/implies/{implied}";
        if (_implied.Remove((prior, implied)))
            (await cloud.DeleteAsync(path)).ShouldBe(204);
        else if ((await cloud.PutAsync(path, "")).Status is var status && status == 201)
            _implied.Add((prior, implied));
        else
            Assert.True(status is 400 or 403 or 409 && (prior == implied || _domainRoles.Contains(implied)), $"{status} for {prior} implies {implied}");
    }

    /// <summary>What all grants amount to; of inherited grants only, of the others only, or (null) of both.</summary>
    public HashSet<Held> Effective(bool? inherited) =>
        [.. from grant in _grants
            where inherited is null || grant.Inherited == inherited
            from user in grant.ActorKind == "user" ? [grant.Actor] : _members.Where(member => member.Group == grant.Actor).Select(static member => member.User)
            from target in grant.Inherited ? Projects.Where(project => LiesBelow(project, grant.Target)).Select(static project => "project " + project) : [grant.Target]
            from role in Meant(grant.Role)
            where !_domainRoles.Contains(role)
            select new Held(user, target, role)];

    /// <summary>The project and everything below it.</summary>
    public HashSet<string> Tree(string project) => [project, .. Projects.Where(other => LiesBelow(other, "project " + project))];

    private bool LiesBelow(string project, string target)
    {
        var parent = _parents[project];
        return target == (_parents.ContainsKey(parent) ? "project " : "domain ") + parent || (_parents.ContainsKey(parent) && LiesBelow(parent, target));
    }

    private HashSet<string> Meant(string role)
    {
        var meant = new HashSet<string> { role };
        int before;
        do
        {
            before = meant.Count;
            foreach (var rule in _implied.Where(rule => meant.Contains(rule.Prior)))
                meant.Add(rule.Implied);
        }
        while (meant.Count > before);

        return meant;
    }

    private string DomainOf(string parent) => _parents.TryGetValue(parent, out var above) ? DomainOf(above) : parent;

    private async Task<TestAnswer> Add<T>(HashSet<T> set, T item, string path)
    {
        set.Add(item);
        return await cloud.PutAsync(path, "");
    }
}
