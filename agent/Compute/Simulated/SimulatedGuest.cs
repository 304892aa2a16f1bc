namespace Appliance.Agent.Compute.Simulated;

/// <summary>A guest that is nothing but its power state.</summary>
internal sealed class SimulatedGuest : IGuest
{
    private readonly TaskCompletionSource<GuestEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<GuestEnd> Ended => _ended.Task;

    public Task PressPowerButtonAsync(CancellationToken ct)
    {
        _ended.TrySetResult(GuestEnd.PoweredOff);
        return Task.CompletedTask;
    }

    public Task KillAsync(CancellationToken ct)
    {
        _ended.TrySetResult(GuestEnd.Killed);
        return Task.CompletedTask;
    }

    public Stream? OpenSerial() => null;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
