using Appliance.Controller.Compute.Flavors;
using Appliance.Controller.Compute.Hosts;
using Appliance.Controller.Compute.Keypairs;
using Appliance.Controller.Compute.Quotas;
using Appliance.Controller.Compute.ServerGroups;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Work;
using Appliance.Protocol.Documents;

namespace Appliance.Controller.Compute.Servers.Create;

/// <summary>What a create request looked up and was found to allow.</summary>
internal sealed record CreatePlan(
    CreateRequest Request, Flavor Flavor, BootImage Image, ImageDocument ImageDocument, Keypair? Key, NetworkPlan Networks, PlacementAsk Ask, int Count);

/// <summary>
/// Makes servers: quota, node, claim, ports, rows, document and workflow in one transaction, so that what was answered with 202 exists
/// completely, and what was refused left nothing. A server that no node has room for is made too, in ERROR with the reasons, as Nova does.
/// </summary>
internal sealed class CreateServers(ServerContext context, FlavorStore flavors, IServerImages images)
{
    private const string ReservationAlphabet = "0123456789abcdefghijklmnopqrstuvwxyz";

    /// <summary>The servers, in the order of their launch index; never none.</summary>
    public Task<Outcome<IReadOnlyList<Server>>> RunAsync(Caller caller, Actor actor, CreateRequest request, CancellationToken ct) =>
        context.Database.TryWriteAsync<IReadOnlyList<Server>>(async (tx, token) =>
        {
            if ((await PlanAsync(tx, caller, request, token)).Failed(out var refused, out var plan))
                return refused;

            var reservation = "r-" + System.Security.Cryptography.RandomNumberGenerator.GetString(ReservationAlphabet, 8);
            var servers = new List<Server>(plan.Count);
            for (var index = 0; index < plan.Count; index++)
            {
                if ((await CreateOneAsync(tx, caller, actor, plan, reservation, index, token)).Failed(out var fault, out var server))
                    return fault;
                servers.Add(server);
            }

            return servers;
        }, ct);

    private async Task<Outcome<CreatePlan>> PlanAsync(Session tx, Caller caller, CreateRequest request, CancellationToken ct)
    {
        if (flavors.Find(request.FlavorId, caller) is not { } flavor)
            return ComputeFaults.Invalid($"Flavor {request.FlavorId} could not be found.");
        if (await images.FindAsync(tx, caller, request.ImageId, ct) is not { } image)
            return ComputeFaults.Invalid("Can not find requested image");
        if (ImageRules.Check(image, flavor) is { } unfit)
            return unfit;
        var key = request.KeyName is { } name ? await KeypairStore.FindAsync(tx, caller.UserId, name, ct) : null;
        if (request.KeyName is not null && key is null)
            return ComputeFaults.Invalid("Invalid key_name provided.");
        if ((await AskAsync(tx, caller, request, flavor, image, ct)).Failed(out var badHost, out var ask))
            return badHost;
        if ((await CountAsync(tx, caller, request, flavor, ct)).Failed(out var overQuota, out var count))
            return overQuota;
        if ((await context.Networking.PlanAsync(tx, caller, request.Networks, count, ct)).Failed(out var badNetwork, out var networks))
            return badNetwork;

        if ((await BootParts.FindAsync(tx, caller, images, image, ct)).Failed(out var badPart, out var document))
            return badPart;
        return new CreatePlan(request, flavor, image, document, key, networks, ask, count);
    }

    private static async Task<Outcome<int>> CountAsync(Session tx, Caller caller, CreateRequest request, Flavor flavor, CancellationToken ct)
    {
        var limits = await QuotaStore.ListLimitsAsync(tx, caller.ProjectId!, caller.UserId, ct);
        if (QuotaRules.CheckMetadata(limits, request.Metadata.Count) is { } tooManyItems)
            return tooManyItems;
        if (QuotaRules.CheckFiles(limits, [.. request.Personality.Select(static file =>
            (file.Path, file.ContentsBase64.Length * 3 / 4))]) is { } tooManyFiles)
            return tooManyFiles;
        var used = await QuotaStore.CountAsync(tx, caller.ProjectId!, null, ct);
        return QuotaRules.CountThatFits(limits, used, flavor.Vcpus, flavor.MemoryMiB, request.MinCount, request.MaxCount);
    }

    private async Task<Outcome<PlacementAsk>> AskAsync(
        Session tx, Caller caller, CreateRequest request, Flavor flavor, BootImage image, CancellationToken ct)
    {
        var hosts = await context.Hosts.ListAsync(tx, ct);
        if (request.ForcedHost is { } forced && hosts.All(host => host.Node.HostName != forced))
            return ComputeFaults.Invalid($"Compute host {forced} could not be found.");
        if (request.ForcedHost is null && request.Zone is { } zone && zone != HostStore.DefaultZone && hosts.All(host => host.Zone != zone))
            return ComputeFaults.Invalid("The requested availability zone is not available");

        var group = request.Hints.Group is { } id ? await ServerGroupStore.FindAsync(tx, id, ct) : null;
        if (request.Hints.Group is not null && group?.ProjectId != caller.ProjectId)
            return ComputeFaults.Invalid($"Instance group {request.Hints.Group} could not be found.");
        var away = await NodesOfAsync(tx, request.Hints.DifferentHost, ct);
        var beside = request.Hints.SameHost.Count > 0 ? await NodesOfAsync(tx, request.Hints.SameHost, ct) : null;
        var architecture = image.Properties.GetValueOrDefault("hw_architecture") ?? image.Properties.GetValueOrDefault("architecture");
        return new PlacementAsk(ResourceNeeds.Of(flavor), request.Zone, request.ForcedHost, architecture, away, beside, group);
    }

    // Asked again for every server: its group's members are also those made a moment ago.
    private static async Task<PlacementAsk> WithGroupAsync(Session tx, PlacementAsk ask, CancellationToken ct)
    {
        if (ask.Group is null || await ServerGroupStore.FindAsync(tx, ask.Group.Id, ct) is not { Members.Count: > 0 } group)
            return ask;
        var nodes = await NodesOfAsync(tx, group.Members, ct);
        return group.Policy == GroupPolicies.AntiAffinity
            ? ask with { AwayFrom = nodes.Union(ask.AwayFrom).ToHashSet() }
            : ask with { OnlyOn = ask.OnlyOn is { } only ? nodes.Intersect(only).ToHashSet() : nodes };
    }

    private static async Task<HashSet<string>> NodesOfAsync(Session tx, IReadOnlyList<string> serverIds, CancellationToken ct)
    {
        var nodes = new HashSet<string>();
        foreach (var id in serverIds)
        {
            if (await ServerStore.FindAsync(tx, id, ct) is { NodeId: { } node })
                nodes.Add(node);
        }

        return nodes;
    }

    private async Task<Outcome<Server>> CreateOneAsync(
        Session tx, Caller caller, Actor actor, CreatePlan plan, string reservation, int index, CancellationToken ct)
    {
        var decision = await context.Scheduler.ChooseAsync(tx, await WithGroupAsync(tx, plan.Ask, ct), ct);
        var server = NewServer(caller, actor, plan, reservation, index, decision);
        var boot = NewBoot(plan);
        if (plan.Ask.Group is { } group)
            await ServerGroupStore.AddMemberAsync(tx, group.Id, server.Id, ct);
        if (decision.Host is null)
        {
            await ServerStore.InsertAsync(tx, server, boot, ct);
            await context.Events.ActionAsync(tx, actor, server, "create", ct);
            await context.Events.EventAsync(tx, server, "conductor_schedule_and_build_instances", server.Fault!.Message, ct);
            return server with { TaskActor = null };
        }

        var consumer = new ResourceConsumer(server.Id, server.ProjectId, server.UserId);
        if (await context.Claims.ClaimAsync(tx, consumer, decision.Host.Node.Id, plan.Ask.Resources, ct) is { } noClaim)
            return noClaim;
        var place = new ServerOnNetwork(
            server.Id, server.ProjectId, server.NodeId, server.NodeName, server.HostName, server.Zone ?? HostStore.DefaultZone);
        if ((await context.Networking.CreatePortsAsync(tx, caller, place, plan.Networks, ct)).Failed(out var noPorts, out var ports))
            return noPorts;

        var groups = plan.Networks.Nics.Count > 0
            ? (await context.Networking.ListSecurityGroupNamesAsync(tx, [server.Id], ct)).GetValueOrDefault(server.Id) ?? [] : [];
        var generation = await context.Documents.PutAsync(tx, server, boot, [.. ports.Select(static port => port.PortId)], groups, ct);
        server = server with { DocumentGeneration = generation };
        await ServerStore.InsertAsync(tx, server, boot, ct);
        await context.Events.ActionAsync(tx, actor, server, "create", ct);
        await context.Workflows.StartAsync(tx, BuildServer.Kind, server.Id, "{}", actor, ct);
        return server;
    }

    private Server NewServer(Caller caller, Actor actor, CreatePlan plan, string reservation, int index, PlacementDecision decision)
    {
        var (request, flavor, now, id) = (plan.Request, plan.Flavor, context.Clock.GetUtcNow(), Guid.NewGuid().ToString());
        var suffix = plan.Request.MaxCount > 1 ? $"-{index + 1}" : "";
        return new Server
        {
            Id = id,
            ProjectId = caller.ProjectId!,
            UserId = caller.UserId,
            Name = request.Name + suffix,
            HostName = HostNames.Of(request.Name + suffix, "server-" + id),
            Description = request.Description,
            ImageId = plan.Image.Id,
            Size = new ServerSize(flavor.Id, flavor.Name, flavor.Vcpus, flavor.MemoryMiB, flavor.RootGiB, flavor.EphemeralGiB, flavor.SwapMiB,
                ServerJson.WriteStrings(flavor.ExtraSpecs)),
            KeyName = request.KeyName,
            Metadata = ServerJson.WriteStrings(request.Metadata),
            HasConfigDrive = request.HasConfigDrive,
            IsDiskConfigAuto = request.IsDiskConfigAuto,
            AccessIpv4 = request.AccessIpv4,
            AccessIpv6 = request.AccessIpv6,
            Zone = decision.Host?.Zone ?? request.Zone,
            NodeId = decision.Host?.Node.Id,
            NodeName = decision.Host?.Node.HostName,
            VmState = decision.Host is null ? VmStates.Error : VmStates.Building,
            TaskState = decision.Host is null ? null : TaskStates.Spawning,
            TaskActor = actor,
            Fault = decision.Host is null ? NoValidHost(decision, now) : null,
            ReservationId = reservation,
            LaunchIndex = index,
            CreatedAt = now,
            UpdatedAt = now,
        };
    }

    private static ServerBoot NewBoot(CreatePlan plan) => new(
        plan.ImageDocument, plan.Request.UserDataBase64, plan.Key is { } key ? [new KeyPairDocument(key.Name, key.Type, key.PublicKey)] : [],
        plan.Request.AdminPassword, plan.Request.Personality, new Dictionary<string, string>(), plan.Request.Zone, [], ShouldRun: true);

    private static ServerFault NoValidHost(PlacementDecision decision, DateTimeOffset now) =>
        new(500, $"No valid host was found. There are not enough hosts available: {decision.Summary}", decision.Details, now);
}
