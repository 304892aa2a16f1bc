using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Networking.Attributes;
using Appliance.Controller.Networking.Resources;

namespace Appliance.Controller.Networking.SecurityGroups;

/// <summary>Rules of security groups. Source: neutron/db/securitygroups_db.py.</summary>
internal sealed class SecurityGroupRuleKind(NetworkingContext context, SecurityGroupKind groups) : ResourceKind<SecurityGroupRule>(context)
{
    public override string Name => "security_group_rule";
    public override bool HasTags => false;
    public override AttributeTable<SecurityGroupRule> Attributes => SecurityGroupAttributes.Rules;
    public override ResourceTable<SecurityGroupRule> Table => SecurityGroupTable.Rules;
    public override Fault NotFound(string id) => SecurityGroupErrors.RuleNotFound(id);
    public override Task PrepareListAsync(Caller caller, CancellationToken ct) => groups.PrepareListAsync(caller, ct);

    public override string VisibleCondition =>
        "r.project_id = @caller_project OR r.group_id IN (SELECT g.id FROM security_groups g WHERE g.project_id = @caller_project)";

    public override async Task<Outcome<SecurityGroupRule>> CreateAsync(
        Session tx, Requester requester, AttributeValues values, CancellationToken ct)
    {
        var rule = SecurityGroupRuleRules.Canonical(Begin(new SecurityGroupRule
        {
            GroupId = values.Text("security_group_id")!,
            Direction = values.Text("direction")!,
            EtherType = values.Text("ethertype")!,
            Protocol = values.Text("protocol"),
            PortRangeMin = (int?)values.Number("port_range_min"),
            PortRangeMax = (int?)values.Number("port_range_max"),
            RemoteIpPrefix = values.Text("remote_ip_prefix"),
            RemoteGroupId = values.Text("remote_group_id"),
        }, values));
        if (SecurityGroupRuleRules.Check(rule) is { } invalid)
            return invalid;
        if (rule.RemoteGroupId is { } remote && await groups.FindAsync(tx, requester.Caller, remote, ct) is null)
            return SecurityGroupErrors.NotFound(remote);
        if (await groups.FindAsync(tx, requester.Caller, rule.GroupId, ct) is not { } group)
            return SecurityGroupErrors.NotFound(rule.GroupId);
        if (group.Rules.FirstOrDefault(other => SecurityGroupRuleRules.AreSame(other, rule)) is { } same)
            return SecurityGroupErrors.RuleExists(same.Id);

        await Table.InsertAsync(tx, rule, ct);
        await TouchGroupAsync(tx, group, rule, ct);
        return rule;
    }

    public override async Task<Fault?> DeleteAsync(Session tx, Requester requester, SecurityGroupRule current, CancellationToken ct)
    {
        await Table.DeleteAsync(tx, current.Id, ct);
        if (await SecurityGroupTable.Table.FindAsync(tx, current.GroupId, ct) is { } group)
            await TouchGroupAsync(tx, group, current, ct);
        return null;
    }

    // A group's view lists its rules, so a change of them is a revision of it.
    private async Task TouchGroupAsync(Session tx, SecurityGroup group, SecurityGroupRule rule, CancellationToken ct)
    {
        await groups.Table.UpdateAsync(tx, groups.Touch(group), ct);
        await Context.Marks.GroupAsync(tx, group.Id, ct);
        if (rule.RemoteGroupId is { } remote && remote != group.Id)
            await Context.Marks.GroupAsync(tx, remote, ct);
    }
}
