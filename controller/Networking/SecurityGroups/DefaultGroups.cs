using Appliance.Controller.Data;

namespace Appliance.Controller.Networking.SecurityGroups;

/// <summary>Makes groups with the rules they begin with; the default group of a project comes to be when somebody first looks.</summary>
internal sealed class DefaultGroups(NetworkingContext context)
{
    // neutron/db/securitygroups_db.py DEFAULT_SG_DESCRIPTION
    private const string Description = "Default security group";

    /// <summary>The id of the project's default group; creates the group when there is none.</summary>
    public async Task<string> EnsureAsync(Session tx, Actor actor, string projectId, CancellationToken ct)
    {
        if (await FindAsync(tx, projectId, ct) is { } existing)
            return existing;
        var now = context.Clock.GetUtcNow();
        var group = new SecurityGroup
        {
            Id = Guid.NewGuid().ToString(),
            ProjectId = projectId,
            Name = SecurityGroup.DefaultName,
            Description = Description,
            CreatedAt = now,
            UpdatedAt = now,
            RevisionNumber = 1,
            IsDefault = true,
        };
        await InsertAsync(tx, group, ct);
        await context.LogAsync(tx, actor, "security_group", group, "create", ct);
        return group.Id;
    }

    public static Task<string?> FindAsync(Session tx, string projectId, CancellationToken ct) => tx.FindAsync(
        "SELECT id FROM security_groups WHERE project_id = @project AND is_default = 1", static row => row.String(0), ct, ("project", projectId));

    /// <summary>Stores a group with its first rules; answers it with them.</summary>
    public static async Task<SecurityGroup> InsertAsync(Session tx, SecurityGroup group, CancellationToken ct)
    {
        await SecurityGroupTable.Table.InsertAsync(tx, group, ct);
        var rules = SecurityGroupRuleRules.Initial(group).ToList();
        foreach (var rule in rules)
            await SecurityGroupTable.Rules.InsertAsync(tx, rule, ct);
        return group with { Rules = rules };
    }
}
