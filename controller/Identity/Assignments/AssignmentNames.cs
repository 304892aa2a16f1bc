using System.Text.Json;
using Appliance.Controller.Data;

namespace Appliance.Controller.Identity.Assignments;

/// <summary>Names of what a list of assignments mentions, for <c>include_names</c>.</summary>
internal sealed class AssignmentNames
{
    private readonly Dictionary<(string Kind, string Id), (string Name, string? DomainId)> _names = [];

    public static async Task<AssignmentNames> ReadAsync(Session tx, IReadOnlyList<Assignment> assignments, CancellationToken ct)
    {
        var names = new AssignmentNames();
        foreach (var assignment in assignments)
        {
            await names.AddAsync(tx, assignment.ActorKind, assignment.ActorId, ct);
            await names.AddAsync(tx, assignment.TargetKind, assignment.TargetId, ct);
            await names.AddAsync(tx, "role", assignment.RoleId, ct);
        }

        return names;
    }

    /// <summary>Writes <c>name</c> and <c>domain</c> into the object that is open; nothing for what no longer exists.</summary>
    public void Write(Utf8JsonWriter writer, string kind, string id)
    {
        if (!_names.TryGetValue((kind, id), out var found))
            return;
        writer.WriteString("name", found.Name);
        if (found.DomainId is not { } domainId || !_names.TryGetValue(("domain", domainId), out var domain))
            return;
        writer.WriteStartObject("domain");
        writer.WriteString("id", domainId);
        writer.WriteString("name", domain.Name);
        writer.WriteEndObject();
    }

    private async Task AddAsync(Session tx, string kind, string id, CancellationToken ct)
    {
        var sql = kind switch
        {
            "user" => "SELECT name, domain_id FROM identity_users WHERE id = @id",
            "group" => "SELECT name, domain_id FROM identity_groups WHERE id = @id",
            "role" => "SELECT name, domain_id FROM identity_roles WHERE id = @id",
            "project" or "domain" => "SELECT name, domain_id FROM identity_projects WHERE id = @id",
            _ => null,
        };
        if (sql is null || _names.ContainsKey((kind, id)))
            return;
        var found = await tx.FindAsync(sql, static row => (Name: row.String(0), Domain: row.String(1)), ct, ("id", id));
        if (found.Name is null)
            return;
        _names[(kind, id)] = (found.Name, found.Domain.Length > 0 ? found.Domain : null);
        if (found.Domain.Length > 0)
            await AddAsync(tx, "domain", found.Domain, ct);
    }
}
