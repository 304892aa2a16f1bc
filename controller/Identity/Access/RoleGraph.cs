using Appliance.Controller.Data;
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
