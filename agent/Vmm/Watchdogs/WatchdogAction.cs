namespace Appliance.Vmm.Watchdogs;

/// <summary>What happens to a machine whose guest let its watchdog run out. The names are those of Nova's <c>hw:watchdog_action</c>.</summary>
internal enum WatchdogAction
{
    /// <summary>It is counted and told, nothing else.</summary>
    None,

    Reset,

    /// <summary>As if its plug were pulled.</summary>
    PowerOff,

    Pause,
}
