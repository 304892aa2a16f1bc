using Appliance.Agent.Faults;
using Appliance.Protocol;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Compute;

/// <summary>
/// The work of one server's keeper: takes over the guest it finds, then takes <see cref="ServerRules.Next"/> steps until none is left. Every
/// step may be cut off anywhere (cancelled, or the agent killed) and is right to take again. Called by one loop only.
/// </summary>
internal sealed class ServerConvergence(ServerRecord record, FleetContext context, Action<ServerStatus> report, Action wake) : IAsyncDisposable
{
    private readonly ServerParts _parts = new(record, context);
    private IServerDriver? _driver;
    private volatile IGuest? _guest;
    private volatile bool _waitsForPorts;
    private DateTimeOffset? _stopDeadline;

    /// <summary>The guest that runs; null when none does. For readers outside the loop.</summary>
    public IGuest? Guest => _guest;

    /// <summary>For readers outside the loop.</summary>
    public bool IsWaitingForPorts => _waitsForPorts;

    private ServerState State => record.State!;

    /// <summary>Brings the server to where its document wants it and reports on the way; the fault that prevented it, or null.</summary>
    public async Task<Fault?> ConvergeAsync(Versioned<ServerDocument> desired, CancellationToken ct)
    {
        _waitsForPorts = false;
        if (ChooseDriver(desired.Document) is { } unusable)
            return ReportFault(desired.Generation, unusable);

        await LookAsync(ct);
        while (true)
        {
            switch (ServerRules.Next(desired.Document, State, _guest is not null))
            {
                case ServerStep.None:
                    _stopDeadline = null;
                    ReportReached(desired);
                    return null;
                case ServerStep.Settle:
                    record.Save(State with { Phase = GuestPhase.Off, CompletedOperations = OperationIds(desired.Document) });
                    break;
                case ServerStep.Stop:
                    await StopAsync(desired.Document, ct);
                    break;
                case ServerStep.Kill:
                    await KillAsync(ct);
                    break;
                case ServerStep.Start:
                    if (await StartAsync(desired, ct) is { } fault)
                        return ReportFault(desired.Generation, fault);
                    if (_waitsForPorts)
                        return null;
                    break;
            }
        }
    }

    /// <summary>Removes the server and everything that was made for it.</summary>
    public async Task RemoveAsync(CancellationToken ct)
    {
        var userId = record.State?.UserId;
        if (record.State is { } state)
        {
            _driver ??= context.Drivers[state.Driver];
            await LookAsync(ct);
            if (_guest is not null)
                await KillAsync(ct);
        }

        record.Delete();
        if (userId is { } id)
            context.Users.Release(id);
    }

    public Fault ReportFault(long generation, Fault fault)
    {
        if (fault.Internal is not null)
            context.Log.Warning($"server {record.Id}: {fault.Text} {fault.Internal}");
        var state = record.State ?? NewState(_driver?.Report.Name ?? context.Options.DefaultDriver);
        report(ServerStatus.Of(generation, fault.Kind == FaultKind.Waiting ? ServerStates.Building : ServerStates.Error, state, null, fault));
        return fault;
    }

    public Task<byte[]> ReadConsoleLogAsync(int maxBytes, CancellationToken ct) =>
        record.State is { } state && context.Drivers.TryGetValue(state.Driver, out var driver)
            ? driver.ReadConsoleLogAsync(record, maxBytes, ct)
            : Task.FromResult(Array.Empty<byte>());

    public async ValueTask DisposeAsync()
    {
        if (_guest is not null)
            await _guest.DisposeAsync();
    }

    // The first choice is for good: another driver could not read what the first one left.
    private Fault? ChooseDriver(ServerDocument document)
    {
        if (record.State?.Driver is { } chosen)
        {
            return context.Drivers.TryGetValue(chosen, out _driver)
                ? null
                : new($"This node has no driver {chosen}; it has {string.Join(", ", context.Drivers.Keys.Order())}.");
        }

        if (DriverChoice.Choose(document, context.Options.DefaultDriver, context.Drivers).Failed(out var refused, out _driver))
            return refused;

        int? userId = null;
        if (_driver.HasDevices && Environment.IsPrivilegedProcess && (userId = context.Users.TryTake()) is null)
            return new("All user ids for guests of this node are taken; give its agent a larger range.", FaultKind.Passing);

        record.Save(NewState(_driver.Report.Name) with { UserId = userId });
        return null;
    }

    private static ServerState NewState(string driver) => new(driver, null, GuestPhase.Off, null, null, null, []);

    /// <summary>Learns what became of the guest since the last look.</summary>
    private async Task LookAsync(CancellationToken ct)
    {
        if (_guest is { Ended.IsCompleted: true } ended)
        {
            var end = await ended.Ended;
            await LetGoAsync(ServerRules.AfterEnd(State.Phase, end));
            context.Log.Information($"server {record.Id}: the guest ended ({end})");
        }
        else if (_guest is null && State.Phase is GuestPhase.Starting or GuestPhase.Running or GuestPhase.Stopping)
        {
            if (await _driver!.AdoptAsync(record, ct) is { } guest)
                Hold(guest, State.Phase == GuestPhase.Starting ? GuestPhase.Running : State.Phase);
            else
                await LetGoAsync(ServerRules.AfterLoss(State.Phase, State.BootId == MachineBoot.Id));
        }
    }

    /// <summary>Null without a guest and with <see cref="IsWaitingForPorts"/>: the ports' change starts the next pass.</summary>
    private async Task<Fault?> StartAsync(Versioned<ServerDocument> desired, CancellationToken ct)
    {
        var (generation, document) = (desired.Generation, desired.Document);
        var start = new GuestStart(document, record, null, [], (process, _) => RecordStartAsync(document, process));
        if (_driver!.HasDevices)
        {
            if ((await _parts.BuildAsync(document, text => ReportProgress(generation, text), ct)).Failed(out var fault, out var disks))
                return fault;

            _waitsForPorts = true;   // before looking, so that a change in between is not missed
            if (_parts.FindPorts(document) is not { } ports)
            {
                ReportProgress(generation, "waiting for ports");
                return null;
            }

            _waitsForPorts = false;
            start = start with { Disks = disks, Ports = ports };
            ReportProgress(generation, "starting");
        }

        if ((await _driver.StartAsync(start, ct)).Failed(out var refused, out var guest))
        {
            await LetGoAsync(GuestPhase.Off);
            return refused;
        }

        await RecordStartAsync(document, State.Process, GuestPhase.Running);
        Hold(guest, GuestPhase.Running);
        return null;
    }

    // A start carries out every pending operation: a reboot is a stop and a start.
    private Task RecordStartAsync(ServerDocument document, GuestProcess? process, GuestPhase phase = GuestPhase.Starting)
    {
        record.Save(State with
        {
            Phase = phase,
            Process = process,
            BootId = MachineBoot.Id,
            StartedAt = phase == GuestPhase.Starting || State.Phase != GuestPhase.Starting ? context.Clock.GetUtcNow() : State.StartedAt,
            CompletedOperations = OperationIds(document),
        });
        return Task.CompletedTask;
    }

    private async Task StopAsync(ServerDocument document, CancellationToken ct)
    {
        record.Save(State with { Phase = GuestPhase.Stopping });
        _stopDeadline ??= context.Clock.GetUtcNow() + ServerRules.PowerOffTimeout(document, context.Options.PowerOffTimeout);
        while (!_guest!.Ended.IsCompleted && _stopDeadline - context.Clock.GetUtcNow() is { Ticks: > 0 } left)
        {
            await _guest.PressPowerButtonAsync(ct);
            var wait = left < context.Options.PowerButtonInterval ? left : context.Options.PowerButtonInterval;
            await ((Task)_guest.Ended.WaitAsync(wait, context.Clock, ct)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            ct.ThrowIfCancellationRequested();
        }

        await KillAsync(ct);
    }

    private async Task KillAsync(CancellationToken ct)
    {
        record.Save(State with { Phase = GuestPhase.Stopping });
        await _guest!.KillAsync(ct);
        _stopDeadline = null;
        await LetGoAsync(GuestPhase.Off);
    }

    private void Hold(IGuest guest, GuestPhase phase)
    {
        _guest = guest;
        record.Save(State with { Phase = phase });
        guest.Ended.ContinueWith(_ => wake(), TaskScheduler.Default);
    }

    private async Task LetGoAsync(GuestPhase phase)
    {
        if (_guest is { } guest)
        {
            _guest = null;
            await guest.DisposeAsync();
        }

        record.Save(State with { Phase = phase, Process = null });
    }

    private void ReportProgress(long generation, string text) => report(ServerStatus.Of(generation, ServerStates.Building, State, text));

    private void ReportReached(Versioned<ServerDocument> desired)
    {
        var endedByItself = State.Phase is GuestPhase.EndedByGuest or GuestPhase.Crashed;
        var fault = State.Phase == GuestPhase.Crashed
            ? new Fault("The process of this server's virtual machine died. Start or reboot the server; the node's log may say why.")
            : null;
        report(ServerStatus.Of(desired.Generation, endedByItself ? ServerStates.StoppedByGuest : ServerStates.Converged, State, null, fault));
    }

    private static string[] OperationIds(ServerDocument document) => [.. document.Operations.Select(operation => operation.Id)];
}
