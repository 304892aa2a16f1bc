using Appliance.Controller.Data;
using Appliance.Controller.Http;

namespace Appliance.Controller.Compute;

/// <summary>
/// Where resources are, and taking some: declared here, implemented by Placement. A claim is part of the transaction that makes the server,
/// so two servers never get the same last core and a server that was refused holds nothing.
/// </summary>
internal interface IResourceClaims
{
    /// <summary>Every resource provider, each with room for the request or with the reasons why not.</summary>
    Task<IReadOnlyList<ProviderVerdict>> ListCandidatesAsync(Session tx, ResourceRequest request, CancellationToken ct);

    /// <summary>Takes the resources on one provider for a consumer, which must have none yet.</summary>
    Task<Fault?> ClaimAsync(Session tx, ResourceConsumer consumer, string providerId, ResourceRequest request, CancellationToken ct);

    /// <summary>Gives back all that a consumer holds. Idempotent.</summary>
    Task ReleaseAsync(Session tx, string consumerId, CancellationToken ct);

    /// <summary>Capacity and use of every provider by resource class: what hypervisor views show.</summary>
    Task<IReadOnlyList<ProviderUse>> ListUseAsync(Session tx, CancellationToken ct);
}

/// <param name="Resources">Amounts by resource class: <c>VCPU</c>, <c>MEMORY_MB</c> (MiB), <c>DISK_GB</c> (GiB). Amounts of 0 are left out.</param>
internal sealed record ResourceRequest(
    IReadOnlyDictionary<string, long> Resources, IReadOnlyList<string> RequiredTraits, IReadOnlyList<string> ForbiddenTraits);

/// <summary>Who holds a claim.</summary>
internal sealed record ResourceConsumer(string Id, string ProjectId, string UserId);

/// <param name="ProviderId">A node's id is its provider's id.</param>
/// <param name="Lacks">What the provider lacks, in words an administrator understands; empty when it has room.</param>
/// <param name="FreeMemoryMiB">What is left of memory, the allocation ratio counted in; for weighing.</param>
internal sealed record ProviderVerdict(string ProviderId, string Name, IReadOnlyList<string> Lacks, long FreeMemoryMiB);

/// <param name="Total">As reported, reserve included.</param>
internal sealed record ProviderUse(string ProviderId, string Name, IReadOnlyDictionary<string, (long Total, long Reserved, double Ratio, long Used)> Classes);
