namespace Appliance.Controller.Compute;

/// <summary>Projects by id, for flavor access and quotas; declared here, implemented by Identity.</summary>
internal interface IProjects
{
    Task<bool> ExistsAsync(string projectId, CancellationToken ct);
}
