namespace Appliance.Agent.Compute;

/// <summary>A guest that runs. Disposing lets go of it without stopping it.</summary>
internal interface IGuest : IAsyncDisposable
{
    /// <summary>Completes, never faults, when the guest runs no more and nothing of its process is left.</summary>
    Task<GuestEnd> Ended { get; }

    /// <summary>Presses the power button; <see cref="Ended"/> tells whether the guest obeyed.</summary>
    Task PressPowerButtonAsync(CancellationToken ct);

    /// <summary>Ends the guest at once, as pulling the plug; returns when nothing of its process is left.</summary>
    Task KillAsync(CancellationToken ct);

    /// <summary>The first serial port, both ways; it ends with the guest. Null when the guest has none. The caller disposes it.</summary>
    Stream? OpenSerial();
}

/// <summary>How a guest ended.</summary>
internal enum GuestEnd
{
    /// <summary>It switched itself off, asked or not.</summary>
    PoweredOff,
    /// <summary>It restarts itself: its next process is its next start.</summary>
    Reset,
    /// <summary>The agent ended it.</summary>
    Killed,
    /// <summary>Its process died.</summary>
    Crashed,
}
