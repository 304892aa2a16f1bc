namespace Appliance.Vmm.Watchdogs;

/// <summary>What a snapshot stores of a <see cref="Watchdog"/>.</summary>
/// <param name="Countdown">Periods that the guest has between two kicks.</param>
/// <param name="Left">Periods until it runs out.</param>
internal readonly record struct WatchdogState(uint Countdown, uint Left, bool IsRunning, bool HasFired);
