using Appliance.Controller.Compute.Hosts;
using Appliance.Controller.Compute.ServerGroups;
using Appliance.Controller.Data;

namespace Appliance.Controller.Compute.Servers.Create;

/// <summary>Where a server should go.</summary>
/// <param name="Zone">Null: any.</param>
/// <param name="ForcedHost">Only there; then capacity decides alone, as Nova skips its filters for a forced host.</param>
/// <param name="Architecture">The image's; null: any.</param>
/// <param name="AwayFrom">Nodes it must not be on.</param>
/// <param name="OnlyOn">Nodes it must be on one of; null: any.</param>
/// <param name="Group">The server group it joins; its members' nodes come on top.</param>
internal sealed record PlacementAsk(
    ResourceRequest Resources, string? Zone, string? ForcedHost, string? Architecture, IReadOnlySet<string> AwayFrom, IReadOnlySet<string>? OnlyOn,
    ServerGroup? Group = null);

/// <summary>The chosen node, or why each node was not.</summary>
internal sealed record PlacementDecision(ComputeHost? Host, IReadOnlyList<(string HostName, IReadOnlyList<string> Lacks)> Refusals)
{
    /// <summary>For administrators: every node with what it lacks.</summary>
    public string Details => Refusals.Count == 0
        ? "There is no node: join one with 'appliance-controller join-token' and an agent."
        : string.Join("\n", Refusals.Select(static refusal => $"{refusal.HostName}: {string.Join("; ", refusal.Lacks)}"));

    /// <summary>For tenants: the reasons, with how many nodes each is true of.</summary>
    public string Summary => Refusals.Count == 0
        ? "there is no host"
        : string.Join("; ", Refusals.SelectMany(static refusal => refusal.Lacks).GroupBy(static lack => lack)
            .Select(static same => $"{same.Key} ({same.Count()} {(same.Count() == 1 ? "host" : "hosts")})"));
}

/// <summary>
/// Chooses a node for a server inside the transaction that claims its resources: what Placement says of capacity, and what is known here of
/// the node itself. Of those that fit, the one with most memory left gets it, which spreads servers as Nova's default weighers do.
/// </summary>
internal sealed class Scheduler(HostStore hosts, IResourceClaims claims)
{
    public async Task<PlacementDecision> ChooseAsync(Session tx, PlacementAsk ask, CancellationToken ct)
    {
        var verdicts = (await claims.ListCandidatesAsync(tx, ask.Resources, ct)).ToDictionary(static verdict => verdict.ProviderId);
        var refusals = new List<(string, IReadOnlyList<string>)>();
        (ComputeHost Host, long FreeMemory)? best = null;
        foreach (var host in await hosts.ListAsync(tx, ct))
        {
            var lacks = SchedulingRules.Lacks(host, ask);
            if (!verdicts.TryGetValue(host.Node.Id, out var verdict))
                lacks.Add("has not reported its capacity yet");
            else
                lacks.AddRange(verdict.Lacks);

            if (lacks.Count > 0)
                refusals.Add((host.Node.HostName, lacks));
            else if (best is not { } leader || verdict!.FreeMemoryMiB > leader.FreeMemory)
                best = (host, verdict!.FreeMemoryMiB);
        }

        return new PlacementDecision(best?.Host, refusals);
    }
}

/// <summary>What makes a node unfit, besides capacity.</summary>
internal static class SchedulingRules
{
    public static List<string> Lacks(ComputeHost host, PlacementAsk ask)
    {
        var lacks = new List<string>();
        if (ask.ForcedHost is { } forced && forced != host.Node.HostName)
            lacks.Add($"is not the host that was asked for");
        if (!host.IsUp)
            lacks.Add("is down");
        if (ask.ForcedHost is null)
            AddPolicies(lacks, host, ask);
        AddCapabilities(lacks, host, ask);
        return lacks;
    }

    private static void AddPolicies(List<string> lacks, ComputeHost host, PlacementAsk ask)
    {
        if (host.IsDisabled)
            lacks.Add(host.DisabledReason is { } reason ? $"is disabled: {reason}" : "is disabled");
        if (ask.Zone is { } zone && zone != host.Zone)
            lacks.Add($"is not in availability zone {zone}");
        if (ask.AwayFrom.Contains(host.Node.Id))
            lacks.Add("has a server that this one must be apart from");
        if (ask.OnlyOn is { } wanted && !wanted.Contains(host.Node.Id))
            lacks.Add("has none of the servers that this one must be beside");
    }

    private static void AddCapabilities(List<string> lacks, ComputeHost host, PlacementAsk ask)
    {
        if (host.Node.Report is not { } report)
            return;
        if (!report.Drivers.Any(static driver => driver.IsUsable))
            lacks.Add("has no usable hypervisor: " + string.Join(", ", report.Drivers.Select(static driver => $"{driver.Name}: {driver.Reason}")));
        if (ask.Architecture is { } wanted && !CanRun(report.Cpu.Architecture, wanted))
            lacks.Add($"is {report.Cpu.Architecture}, the image is for {wanted}");
    }

    private static bool CanRun(string node, string image) => node == image || (node == "x86_64" && image is "i686" or "i386" or "amd64");
}
