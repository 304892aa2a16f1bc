using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Projects;

namespace Appliance.Controller.Identity.Limits;

/// <summary>
/// <c>strict_two_level</c>: a project has no more than its domain, and a domain no less than any of its projects.
/// Source: keystone/limit/models/strict_two_level.py.
/// </summary>
internal static class TwoLevelModel
{
    public const string Description = "This model requires project hierarchy never exceeds a depth of two";

    /// <param name="together">Limits of the same request, which count as if they were there.</param>
    public static async Task<Fault?> CheckAsync(Session tx, Limit limit, IReadOnlyList<Limit> together, CancellationToken ct)
    {
        var isWithin = limit.ProjectId is { } projectId
            ? await IsWithinDomainAsync(tx, limit, projectId, together, ct)
            : await CoversProjectsAsync(tx, limit, ct);
        return isWithin ? null : LimitFaults.Invalid(
            $"The resource limit ({(limit.ProjectId is null ? "domain_id" : "project_id")}: {limit.ProjectId ?? limit.DomainId}, "
            + $"resource_name: {limit.ResourceName}, resource_limit: {limit.ResourceLimit}, service_id: {limit.ServiceId}, "
            + $"region_id: {limit.RegionId ?? "None"}) doesn't satisfy current hierarchy model.");
    }

    private static async Task<bool> IsWithinDomainAsync(Session tx, Limit limit, string projectId, IReadOnlyList<Limit> together, CancellationToken ct)
    {
        var domainId = (await ProjectJson.Projects.FindAsync(tx, projectId, ct))?.ParentId;
        if (together.FirstOrDefault(other => other.DomainId == domainId && IsSameResource(other, limit)) is { } beside)
            return limit.ResourceLimit <= beside.ResourceLimit;

        var above = (await LimitStore.ListOfResourceAsync(tx, limit, ct)).Find(other => other.DomainId == domainId)?.ResourceLimit
            ?? (await LimitStore.FindRegisteredAsync(tx, limit.ServiceId, limit.RegionId, limit.ResourceName, ct))?.DefaultLimit;
        return above is null or 0 || limit.ResourceLimit <= above;
    }

    private static async Task<bool> CoversProjectsAsync(Session tx, Limit limit, CancellationToken ct)
    {
        var below = (await ProjectStore.ListSubtreeAsync(tx, limit.DomainId!, ct)).Select(static project => project.Id).ToHashSet(StringComparer.Ordinal);
        return (await LimitStore.ListOfResourceAsync(tx, limit, ct))
            .TrueForAll(other => other.ProjectId is null || !below.Contains(other.ProjectId) || limit.ResourceLimit >= other.ResourceLimit);
    }

    private static bool IsSameResource(Limit one, Limit other) =>
        (one.ServiceId, one.RegionId, one.ResourceName) == (other.ServiceId, other.RegionId, other.ResourceName);
}

/// <summary>Refusals about limits, in Keystone's words.</summary>
internal static class LimitFaults
{
    public static readonly Fault NoReference = new(FaultKind.Forbidden, "Unable to create a limit that has no corresponding registered limit.");

    public static Fault Invalid(string reason) => new(FaultKind.Forbidden, $"Invalid resource limit: {reason}.");

    public static Fault InUse(string id) => new(FaultKind.Forbidden,
        $"Unable to update or delete registered limit {id} because there are project limits associated with it.");

    public static Fault NotFound(string id) => new(FaultKind.NotFound, $"Could not find limit for {id}.");

    public static Fault RegisteredNotFound(string id) => new(FaultKind.NotFound, $"Could not find registered limit for {id}.");
}
