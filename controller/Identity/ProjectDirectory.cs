using Appliance.Controller.Compute;
using Appliance.Controller.Data;

namespace Appliance.Controller.Identity;

/// <summary>What Compute asks of projects.</summary>
internal sealed class ProjectDirectory(Database database) : IProjects
{
    public Task<bool> ExistsAsync(string projectId, CancellationToken ct) => database.ReadAsync(async (tx, token) => await tx.CountAsync(
        "SELECT COUNT(*) FROM identity_projects WHERE id = @id AND is_domain = 0", token, ("id", projectId)) > 0, ct);
}
