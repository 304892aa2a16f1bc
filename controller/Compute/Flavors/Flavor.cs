namespace Appliance.Controller.Compute.Flavors;

/// <summary>A size servers come in.</summary>
/// <param name="Id">As the API shows it: any text, chosen by the administrator or made up.</param>
/// <param name="RootGiB">0: as large as the image.</param>
/// <param name="Projects">Who may use it when it is not public.</param>
internal sealed record Flavor(
    string Id, string Name, int Vcpus, int MemoryMiB, int RootGiB, int EphemeralGiB, int SwapMiB, double RxtxFactor, bool IsPublic,
    string? Description, IReadOnlyDictionary<string, string> ExtraSpecs, IReadOnlyList<string> Projects)
{
    /// <summary>Whether a project may see and use it.</summary>
    public bool IsOpenTo(string? projectId) => IsPublic || (projectId is not null && Projects.Contains(projectId));
}
