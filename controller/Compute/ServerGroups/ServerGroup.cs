namespace Appliance.Controller.Compute.ServerGroups;

/// <summary>Servers that should be together, or apart.</summary>
/// <param name="Policy"><see cref="GroupPolicies"/>.</param>
/// <param name="Members">Ids of servers that are not deleted.</param>
internal sealed record ServerGroup(string Id, string ProjectId, string UserId, string Name, string Policy, IReadOnlyList<string> Members);

internal static class GroupPolicies
{
    public const string Affinity = "affinity";
    public const string AntiAffinity = "anti-affinity";
}
