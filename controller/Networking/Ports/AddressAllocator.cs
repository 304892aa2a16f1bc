using System.Security.Cryptography;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Networking.Addressing;
using Appliance.Controller.Networking.Subnets;

namespace Appliance.Controller.Networking.Ports;

/// <summary>
/// Gives addresses of subnets to ports and takes them back. Source: neutron/db/ipam_pluggable_backend.py, neutron/ipam/drivers/neutrondb_ipam.
/// </summary>
internal static class AddressAllocator
{
    // How far beyond the addresses in use a random choice reaches, so that pools fill from their start but not predictably.
    private const int Window = 100;

    // Guesses before the pool is searched; in a pool that is not nearly full the first one hits.
    private const int Guesses = 6;

    /// <summary>Chooses and stores the addresses of a new port.</summary>
    /// <param name="requests">What was asked for; null: one address of each family.</param>
    public static async Task<Outcome<List<FixedIp>>> AllocateAsync(
        Session tx, Port port, IReadOnlyList<Subnet> subnets, IReadOnlyList<FixedIpRequest>? requests, CancellationToken ct)
    {
        var plan = new AllocationPlan(port, subnets);
        if ((requests is null ? plan.ByDefault() : plan.ByRequest(requests)).Failed(out var refused, out var wanted))
            return refused;
        plan.AddAutoAddresses(wanted, []);
        return await StoreAsync(tx, port, wanted, ct);
    }

    /// <summary>Changes the addresses of a port to what is asked; what stays is not touched.</summary>
    public static async Task<Outcome<List<FixedIp>>> ReallocateAsync(
        Session tx, Port port, IReadOnlyList<Subnet> subnets, IReadOnlyList<FixedIpRequest> requests, CancellationToken ct)
    {
        var plan = new AllocationPlan(port, subnets);
        var (kept, added, removed) = plan.Compare(port.FixedIps.Items, requests);
        if (plan.ByRequest(added).Failed(out var refused, out var wanted))
            return refused;
        foreach (var gone in removed)
            await ReleaseAsync(tx, gone, ct);
        plan.AddAutoAddresses(wanted, [.. kept.Concat(removed).Select(static ip => ip.SubnetId)]);
        if ((await StoreAsync(tx, port, wanted, ct)).Failed(out var failed, out var stored))
            return failed;
        return kept.Concat(stored).ToList();
    }

    /// <summary>Stores one address that was chosen already, such as a router interface's gateway address.</summary>
    public static async Task<Fault?> TakeAsync(Session tx, string portId, FixedIp ip, CancellationToken ct)
    {
        var isNew = await tx.ExecuteAsync(
            "INSERT INTO ip_allocations (subnet_id, ip_address, port_id) VALUES (@subnet, @ip, @port) ON CONFLICT DO NOTHING",
            ct, ("subnet", ip.SubnetId), ("ip", ip.IpAddress), ("port", portId)) > 0;
        return isNew ? null : NeutronErrors.IpAddressInUse(ip.SubnetId, ip.IpAddress);
    }

    public static Task ReleaseAsync(Session tx, FixedIp ip, CancellationToken ct) => tx.ExecuteAsync(
        "DELETE FROM ip_allocations WHERE subnet_id = @subnet AND ip_address = @ip", ct, ("subnet", ip.SubnetId), ("ip", ip.IpAddress));

    public static Task ReleaseAllAsync(Session tx, string portId, CancellationToken ct) =>
        tx.ExecuteAsync("DELETE FROM ip_allocations WHERE port_id = @port", ct, ("port", portId));

    private static async Task<Outcome<List<FixedIp>>> StoreAsync(Session tx, Port port, IReadOnlyList<WantedAddress> wanted, CancellationToken ct)
    {
        var stored = new List<FixedIp>();
        foreach (var want in wanted)
        {
            var found = want.Address is { } address ? new FixedIp(want.Choices[0].Id, address) : await ChooseAsync(tx, want.Choices, ct);
            if (found is null)
                return NeutronErrors.Conflict("IpAddressGenerationFailure", $"No more IP addresses available on network {port.NetworkId}.");
            if (await TakeAsync(tx, port.Id, found, ct) is { } taken)
                return taken;
            stored.Add(found);
        }

        return stored;
    }

    private static async Task<FixedIp?> ChooseAsync(Session tx, IReadOnlyList<Subnet> subnets, CancellationToken ct)
    {
        foreach (var subnet in subnets)
        {
            var pools = subnet.Pools.Items;
            if (pools.Count == 0)
                continue;
            var used = await tx.CountAsync("SELECT COUNT(*) FROM ip_allocations WHERE subnet_id = @subnet", ct, ("subnet", subnet.Id));
            if ((await GuessAsync(tx, subnet, pools[0].Range, used, ct) ?? await SearchAsync(tx, subnet, pools, ct)) is { } ip)
                return new FixedIp(subnet.Id, ip.ToString());
        }

        return null;
    }

    private static async Task<Ip?> GuessAsync(Session tx, Subnet subnet, AddressRange pool, long used, CancellationToken ct)
    {
        var reach = UInt128.Min(pool.Size, (UInt128)(used + Window));
        for (var guess = 0; guess < Guesses; guess++)
        {
            var ip = pool.Start.Next((uint)RandomNumberGenerator.GetInt32((int)UInt128.Min(reach, int.MaxValue)));
            var isTaken = await tx.CountAsync("SELECT COUNT(*) FROM ip_allocations WHERE subnet_id = @subnet AND ip_address = @ip",
                ct, ("subnet", subnet.Id), ("ip", ip.ToString())) > 0;
            if (!isTaken)
                return ip;
        }

        return null;
    }

    private static async Task<Ip?> SearchAsync(Session tx, Subnet subnet, List<AllocationPool> pools, CancellationToken ct)
    {
        var used = (await tx.ListAsync("SELECT ip_address FROM ip_allocations WHERE subnet_id = @subnet",
            static row => Ip.Parse(row.String(0)), ct, ("subnet", subnet.Id))).ToHashSet();
        foreach (var pool in pools)
        {
            var range = pool.Range;
            var free = new List<Ip>();
            // At most one step more than there are addresses in use finds the first free one; the window bounds the rest.
            for (var ip = range.Start; ip <= range.End && free.Count < Window; ip = ip.Next(1))
            {
                if (!used.Contains(ip))
                    free.Add(ip);
                if (ip == range.End)
                    break;
            }

            if (free.Count > 0)
                return free[RandomNumberGenerator.GetInt32(free.Count)];
        }

        return null;
    }
}
