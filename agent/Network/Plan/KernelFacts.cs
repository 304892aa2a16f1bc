namespace Appliance.Agent.Network.Plan;

/// <summary>What a plan depends on of what the kernel has already.</summary>
/// <param name="Aliases">Of the agent's links: numbers once given stay.</param>
/// <param name="Bridges">Names of bridges that are not the agent's.</param>
/// <param name="Forwards">Whether this machine routes IPv4.</param>
/// <param name="FilterFault">Why security groups cannot be enforced; null when they can.</param>
internal sealed record KernelFacts(IReadOnlyList<LinkAlias> Aliases, IReadOnlySet<string> Bridges, bool Forwards, string? FilterFault)
{
    /// <summary>A fresh machine.</summary>
    public static KernelFacts None { get; } = new([], new HashSet<string>(), false, null);
}
