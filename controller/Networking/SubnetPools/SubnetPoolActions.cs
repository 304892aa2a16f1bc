using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Networking.Addressing;

namespace Appliance.Controller.Networking.SubnetPools;

/// <summary>Prefixes added to and removed from a pool one by one. Source: neutron/extensions/subnetpool_prefix_ops.py.</summary>
internal sealed class SubnetPoolActions(NetworkingContext context, SubnetPoolKind pools)
{
    public void Map(ApiRoutes v2)
    {
        v2.Put("/subnetpools/{id}/add_prefixes", AddAsync).Allow("add_prefixes");
        v2.Put("/subnetpools/{id}/remove_prefixes", RemoveAsync).Allow("remove_prefixes");
    }

    private Task<ApiResult> AddAsync(ApiRequest request, CancellationToken ct) => ChangeAsync(request, "add_prefixes", static (_, pool, given, _) =>
    {
        List<Cidr> all = [.. pool.Prefixes.Items.Select(Cidr.Parse), .. given];
        Outcome<List<Cidr>> outcome = SubnetPoolRules.CheckPrefixes(all) is { } bad ? bad : all;
        return Task.FromResult(outcome);
    }, ct);

    private Task<ApiResult> RemoveAsync(ApiRequest request, CancellationToken ct) => ChangeAsync(request, "remove_prefixes", RemoveAsync, ct);

    private static async Task<Outcome<List<Cidr>>> RemoveAsync(Session tx, SubnetPool pool, List<Cidr> given, CancellationToken ct)
    {
        var removed = new PrefixSet(pool.IpVersion, given.Where(prefix => prefix.Version == pool.IpVersion));
        var taken = await tx.ListAsync("SELECT cidr FROM subnets WHERE subnetpool_id = @pool", static row => Cidr.Parse(row.String(0)), ct, ("pool", pool.Id));
        if (pool.Set.Overlaps(removed) && new PrefixSet(pool.IpVersion, taken).Overlaps(removed))
            return SubnetPoolErrors.BadUpdate("One or more the prefixes to be removed is in use by a subnet.");
        return pool.Set.Without(removed).Prefixes.ToList();
    }

    private async Task<ApiResult> ChangeAsync(
        ApiRequest request, string rule, Func<Session, SubnetPool, List<Cidr>, CancellationToken, Task<Outcome<List<Cidr>>>> change, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var unreadable, out var body))
            return unreadable;
        if (body.Member("prefixes") is not { ValueKind: JsonValueKind.Array } given || given.GetArrayLength() == 0)
            return NeutronErrors.BadRequest("Request body contains invalid data");
        var (value, reason, _) = SubnetPoolAttributes.Prefixes(given);
        if (value is not List<Cidr> prefixes)
            return NeutronErrors.BadRequest($"Invalid input for prefixes. Reason: {reason}.");

        var outcome = await context.Database.TryWriteAsync(async Task<Outcome<SubnetPool>> (tx, token) =>
        {
            if (await pools.FindAsync(tx, request.Caller, request.Path("id"), token) is not { } pool)
                return SubnetPoolErrors.NotFound(request.Path("id"));
            if (context.Check(rule, request.Caller, pool.ProjectId) is { } refused)
                return refused;
            if ((await change(tx, pool, prefixes, token)).Failed(out var bad, out var all))
                return bad;
            var changed = pools.Touch(pool) with { Prefixes = all.Count == 0 ? new("[]", NetworkingJson.Default.ListString) : SubnetPoolKind.Compact(all) };
            await pools.Table.UpdateAsync(tx, changed, token);
            await context.LogAsync(tx, request.Actor, "subnetpool", changed, rule, token);
            return changed;
        }, ct);
        return outcome.Failed(out var fault, out var item) ? fault : View(item);
    }

    private static ApiResult View(SubnetPool pool) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WritePropertyName("prefixes");
        json.WriteRawValue(pool.Prefixes.Text, skipInputValidation: true);
        json.WriteEndObject();
    });
}
