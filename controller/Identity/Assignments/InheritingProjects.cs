using Appliance.Controller.Data;

namespace Appliance.Controller.Identity.Assignments;

/// <summary>Which projects inherit from where grants are made: as far as a list asks, and no further than it needs.</summary>
internal sealed class InheritingProjects
{
    // Beyond this many places, reading all projects once costs less than asking about each.
    private const int MaxPlaces = 64;

    private readonly Func<string, string, IEnumerable<string>> _below;

    private InheritingProjects(Func<string, string, IEnumerable<string>> below) => _below = below;

    /// <param name="grants">What the answer is asked about: the inherited ones among them.</param>
    public static async Task<InheritingProjects> ReadAsync(Session tx, AssignmentFilter filter, IEnumerable<Assignment> grants, CancellationToken ct)
    {
        if (filter.ProjectId is { } project)
            return filter.IncludeSubtree ? await ReadSubtreeAsync(tx, project, ct) : new InheritingProjects((_, _) => [project]);
        var places = grants.Where(static grant => grant.IsInherited).Select(static grant => (grant.TargetKind, grant.TargetId)).ToHashSet();
        return places.Count > MaxPlaces ? await ReadAllAsync(tx, ct) : await ReadEachAsync(tx, places, ct);
    }

    /// <summary>Projects that inherit from the project or domain, without itself.</summary>
    public IEnumerable<string> Below(string targetKind, string targetId) => _below(targetKind, targetId);

    // What is granted above the project reaches all of its tree, what is granted within the tree what is below there.
    private static async Task<InheritingProjects> ReadSubtreeAsync(Session tx, string projectId, CancellationToken ct)
    {
        var tree = await tx.ListAsync(
            """
            WITH RECURSIVE tree (id, parent_id) AS (
                SELECT id, parent_id FROM identity_projects WHERE id = @root
                UNION ALL SELECT c.id, c.parent_id FROM identity_projects c JOIN tree t ON c.parent_id = t.id)
            SELECT id, parent_id FROM tree
            """, static row => (Id: row.String(0), Parent: row.NullableString(1) ?? ""), ct, ("root", projectId));
        var ids = tree.Select(static row => row.Id).ToHashSet(StringComparer.Ordinal);
        var children = tree.ToLookup(static row => row.Parent, static row => row.Id);
        return new InheritingProjects((_, id) => ids.Contains(id) ? Descend(children, id) : ids);
    }

    private static async Task<InheritingProjects> ReadEachAsync(Session tx, HashSet<(string Kind, string Id)> places, CancellationToken ct)
    {
        var below = new Dictionary<(string, string), List<string>>();
        foreach (var (kind, id) in places)
        {
            below[(kind, id)] = await tx.ListAsync(
                kind == "domain"
                    ? "SELECT id FROM identity_projects WHERE domain_id = @id AND is_domain = 0"
                    : """
                    WITH RECURSIVE below (id) AS (
                        SELECT id FROM identity_projects WHERE parent_id = @id
                        UNION ALL SELECT c.id FROM identity_projects c JOIN below b ON c.parent_id = b.id)
                    SELECT id FROM below
                    """, static row => row.String(0), ct, ("id", id));
        }

        return new InheritingProjects((kind, id) => below[(kind, id)]);
    }

    private static async Task<InheritingProjects> ReadAllAsync(Session tx, CancellationToken ct)
    {
        var all = await tx.ListAsync("SELECT id, parent_id, domain_id FROM identity_projects WHERE is_domain = 0",
            static row => (Id: row.String(0), Parent: row.NullableString(1) ?? "", Domain: row.String(2)), ct);
        var children = all.ToLookup(static row => row.Parent, static row => row.Id);
        var ofDomain = all.ToLookup(static row => row.Domain, static row => row.Id);
        return new InheritingProjects((kind, id) => kind == "domain" ? ofDomain[id] : Descend(children, id));
    }

    private static List<string> Descend(ILookup<string, string> children, string id)
    {
        var found = new List<string>();
        var open = new Stack<string>(children[id]);
        while (open.TryPop(out var next))
        {
            found.Add(next);
            foreach (var child in children[next])
                open.Push(child);
        }

        return found;
    }
}
