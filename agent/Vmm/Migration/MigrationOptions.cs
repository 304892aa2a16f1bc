namespace Appliance.Vmm.Migration;

/// <summary>What the caller of a migration decides.</summary>
/// <param name="Downtime">The machine stands still for no longer, as far as that can be foreseen.</param>
/// <param name="Patience">How long copying may go on while it runs.</param>
/// <param name="Throttles">A guest that writes faster than can be sent is slowed down.</param>
/// <param name="Forces">When patience ends it stands still as long as it takes; otherwise the migration fails, and the machine goes on here.</param>
internal sealed record MigrationOptions(TimeSpan Downtime, TimeSpan Patience, bool Throttles, bool Forces);
