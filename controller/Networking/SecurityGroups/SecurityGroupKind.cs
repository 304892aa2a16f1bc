using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Networking.Attributes;
using Appliance.Controller.Networking.Resources;

namespace Appliance.Controller.Networking.SecurityGroups;

/// <summary>Security groups. Source: neutron/db/securitygroups_db.py.</summary>
internal sealed class SecurityGroupKind(NetworkingContext context, DefaultGroups defaults) : ResourceKind<SecurityGroup>(context)
{
    public override string Name => "security_group";
    public override AttributeTable<SecurityGroup> Attributes => SecurityGroupAttributes.Groups;
    public override ResourceTable<SecurityGroup> Table => SecurityGroupTable.Table;
    public override Fault NotFound(string id) => SecurityGroupErrors.NotFound(id);

    public override async Task PrepareListAsync(Caller caller, CancellationToken ct)
    {
        if (caller.ProjectId is not { } project)
            return;
        if (await Context.Database.ReadAsync((tx, token) => DefaultGroups.FindAsync(tx, project, token), ct) is null)
            await Context.Database.WriteAsync((tx, token) => defaults.EnsureAsync(tx, Actor.System, project, token), ct);
    }

    public override async Task<List<SecurityGroup>> CompleteAsync(Session tx, List<SecurityGroup> items, CancellationToken ct)
    {
        if (items.Count == 0)
            return items;
        var rules = items.Count == 1
            ? await SecurityGroupTable.Rules.ListAsync(tx, "r.group_id = @id ORDER BY r.created_at, r.id", ct, ("id", items[0].Id))
            : await SecurityGroupTable.Rules.ListAsync(tx, "1 = 1 ORDER BY r.created_at, r.id", ct);
        var byGroup = rules.ToLookup(static rule => rule.GroupId);
        return [.. items.Select(group => group with { Rules = [.. byGroup[group.Id]] })];
    }

    public override async Task<Outcome<SecurityGroup>> CreateAsync(Session tx, Requester requester, AttributeValues values, CancellationToken ct)
    {
        await defaults.EnsureAsync(tx, requester.Actor, values.Text("project_id", ""), ct);
        return await DefaultGroups.InsertAsync(tx, Begin(new SecurityGroup { Stateful = values.Flag("stateful", true) }, values), ct);
    }

    public override async Task<Outcome<SecurityGroup>> UpdateAsync(
        Session tx, Requester requester, SecurityGroup current, AttributeValues changes, CancellationToken ct)
    {
        if (current.IsDefault && changes.Has("name"))
            return SecurityGroupErrors.CannotUpdateDefault;
        var stateful = changes.Flag("stateful", current.Stateful);
        if (stateful != current.Stateful && await IsUsedAsync(tx, current.Id, ct))
            return SecurityGroupErrors.InUse(current.Id);
        var changed = Change(current, changes) with { Stateful = stateful };
        await Table.UpdateAsync(tx, changed, ct);
        await Context.Marks.GroupAsync(tx, current.Id, ct);
        return changed;
    }

    public override async Task<Fault?> DeleteAsync(Session tx, Requester requester, SecurityGroup current, CancellationToken ct)
    {
        if (await IsUsedAsync(tx, current.Id, ct))
            return SecurityGroupErrors.InUse(current.Id);
        if (current.IsDefault && !requester.Caller.IsAdmin)
            return SecurityGroupErrors.CannotRemoveDefault;
        var referring = await tx.ListAsync("SELECT DISTINCT group_id FROM security_group_rules WHERE remote_group_id = @id AND group_id <> @id",
            static row => row.String(0), ct, ("id", current.Id));
        foreach (var other in referring)
            await Context.Marks.GroupAsync(tx, other, ct);
        await tx.ExecuteAsync("DELETE FROM security_group_rules WHERE group_id = @id OR remote_group_id = @id", ct, ("id", current.Id));
        await Table.DeleteAsync(tx, current.Id, ct);
        await Context.Marks.GroupAsync(tx, current.Id, ct);
        return null;
    }

    private static async Task<bool> IsUsedAsync(Session tx, string groupId, CancellationToken ct) =>
        await tx.CountAsync("SELECT COUNT(*) FROM port_security_groups WHERE group_id = @id", ct, ("id", groupId)) > 0;
}
