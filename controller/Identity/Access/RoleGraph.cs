using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Tokens;

namespace Appliance.Controller.Identity.Access;

/// <param name="DomainId">Null for a global role. Domain roles stand for the global roles they imply and never appear in a token.</param>
internal sealed record RoleRef(string Id, string Name, string? DomainId);

/// <summary>All roles and which implies which; small, so it is read whole.</summary>
internal sealed class RoleGraph
{
    private readonly Dictionary<string, RoleRef> _roles;
    private readonly ILookup<string, string> _implied;

    private RoleGraph(Dictionary<string, RoleRef> roles, ILookup<string, string> implied) => (_roles, _implied) = (roles, implied);

    public static async Task<RoleGraph> ReadAsync(Session tx, CancellationToken ct)
    {
        var roles = await tx.ListAsync("SELECT id, name, domain_id FROM identity_roles",
            static row => new RoleRef(row.String(0), row.String(1), row.String(2) is { Length: > 0 } domain ? domain : null), ct);
        var implied = await tx.ListAsync("SELECT prior_id, implied_id FROM identity_implied_roles ORDER BY prior_id, implied_id",
            static row => (Prior: row.String(0), Implied: row.String(1)), ct);
        return new RoleGraph(roles.ToDictionary(static role => role.Id), implied.ToLookup(static rule => rule.Prior, static rule => rule.Implied));
    }

    public RoleRef? Find(string id) => _roles.GetValueOrDefault(id);

    public RoleRef? FindGlobal(string name) => _roles.Values.FirstOrDefault(role => role.DomainId is null && role.Name == name);

    /// <summary>The role that <c>{"id"}</c> or <c>{"name"}</c> of a body means; a name must be that of one role only, a domain's or not.</summary>
    public Outcome<RoleRef> FindAsked(JsonElement asked)
    {
        if (asked.StringOrNull("id") is { Length: > 0 } id)
            return Find(id) is { } role ? role : IdentityFaults.NotFound("role", id);
        var name = asked.StringOrNull("name") ?? "";
        return _roles.Values.Where(role => role.Name == name).Take(2).ToArray() switch
        {
            [var only] => only,
            [] => IdentityFaults.NotFound("role", name),
            _ => IdentityFaults.Invalid($"There are multiple role entities named '{name}'. Please use ID instead of names to resolve the ambiguity."),
        };
    }

    /// <summary>Ids that the role implies directly.</summary>
    public IEnumerable<string> ImpliedBy(string roleId) => _implied[roleId];

    /// <summary>The roles and everything they imply, each once; domain roles included.</summary>
    public IReadOnlyCollection<RoleRef> Expand(IEnumerable<string> roleIds)
    {
        var found = new Dictionary<string, RoleRef>(StringComparer.Ordinal);
        var open = new Stack<string>(roleIds);
        while (open.TryPop(out var id))
        {
            if (!_roles.TryGetValue(id, out var role) || !found.TryAdd(id, role))
                continue;
            foreach (var next in _implied[id])
                open.Push(next);
        }

        return found.Values;
    }

    /// <summary>What a token shows: global roles only.</summary>
    public IReadOnlyList<NamedRef> Effective(IEnumerable<string> roleIds) =>
        [.. Expand(roleIds).Where(static role => role.DomainId is null).OrderBy(static role => role.Name, StringComparer.Ordinal)
            .Select(static role => new NamedRef(role.Id, role.Name))];

    /// <summary>Whether the role implies the other, directly or not.</summary>
    public bool Implies(string roleId, string otherId) => Expand(_implied[roleId]).Any(role => role.Id == otherId);

    public static readonly CacheKey CacheKey = new("role-graph", "");
}
