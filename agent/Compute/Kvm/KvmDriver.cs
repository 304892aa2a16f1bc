using Appliance.Agent.Compute.Processes;
using Appliance.Agent.Compute.Serial;
using Appliance.Agent.Faults;
using Appliance.Agent.Jail;
using Appliance.Agent.Logging;
using Appliance.Linux.Libc;
using Appliance.Protocol.Documents;
using Appliance.Protocol.Link;

namespace Appliance.Agent.Compute.Kvm;

/// <summary>
/// Runs guests with the appliance's own machine monitor, each in a process of its own: another user, its own namespaces, a file system with
/// nothing in it, a system call filter, a control group. The process belongs to no agent: the next one takes it over.
/// </summary>
internal sealed class KvmDriver : IServerDriver, IDisposable
{
    private const int SIGKILL = 9;

    private readonly KvmOptions _options;
    private readonly JailOptions _jail;
    private readonly Func<string, Outcome<Fd>> _openTap;
    private readonly Log _log;
    private readonly TimeProvider _clock;
    private readonly ProcessExits _exits = new();
    private readonly string? _root;

    /// <param name="root">The machines' file system; null for an agent that cannot give them one, because it is not root.</param>
    private KvmDriver(
        DriverReport report, KvmOptions options, JailOptions jail, string? root, Func<string, Outcome<Fd>> openTap, Log log, TimeProvider clock) =>
        (Report, _options, _jail, _root, _openTap, _log, _clock) = (report, options, jail, root, openTap, log.For("kvm"), clock);

    public DriverReport Report { get; }

    public bool HasDevices => true;

    /// <summary>Finds out whether machines can run here; the driver may then be unusable, which its report says.</summary>
    /// <param name="openTap">How to open a port's TAP device; null: in the agent's network namespace.</param>
    public static async Task<KvmDriver> CreateAsync(
        KvmOptions options, JailOptions jail, Func<string, Outcome<Fd>>? openTap, Log log, TimeProvider clock, CancellationToken ct)
    {
        var report = await KvmProbe.ReportAsync(options, jail, ct);
        string? root = null;
        try
        {
            root = report.IsUsable && Environment.IsPrivilegedProcess ? MachineRoot.Prepare(options) : null;
        }
        catch (IOException e)
        {
            report = report with { IsUsable = false, Reason = $"The machines' file system cannot be made: {e.Message}" };
        }

        return new(report, options, jail, root, openTap ?? PortTaps.Open, log, clock);
    }

    public string? FindObstacle(ServerDocument server) => KvmRequirements.FindObstacle(server);

    public async Task<IGuest?> AdoptAsync(ServerRecord server, CancellationToken ct)
    {
        if (server.State?.Process is not { } identity)
            return null;
        if (ProcessIdentity.Open(identity) is not { } descriptor)
        {
            // One that had not started yet is started anew; of a boot before this one nothing it said counts.
            return server.State.Phase == GuestPhase.Starting || identity.BootId != MachineBoot.Id ? null : new EndedGuest(KvmFiles.ReadEnd(server.Folder));
        }

        var guest = await TakeAsync(server, new HypervisorProcess(identity, descriptor, null), ct);
        if (server.State.Phase == GuestPhase.Starting && !await IsReadyAsync(server, guest, ct))
        {
            // It never got past its gate, or hangs before its first instruction: starting anew is right.
            await guest.KillAsync(CancellationToken.None);
            await guest.DisposeAsync();
            return null;
        }

        _log.Information($"server {server.Id}: took over process {identity.ProcessId}");
        return guest;
    }

    public async Task<Outcome<IGuest>> StartAsync(GuestStart start, CancellationToken ct)
    {
        HypervisorProcess process;
        using (var devices = new KvmDevices(_options, MachineRoot.ProgramIn(_root, _options), start, _openTap))
        {
            if (devices.Open() is { } missing)
                return missing;
            process = await LaunchAsync(start, devices, ct);
        }

        // From here on only the process holds its listening sockets, so that they end with it.
        var guest = await TakeAsync(start.Server, process, ct);
        if (await IsReadyAsync(start.Server, guest, ct))
        {
            _log.Information($"server {start.Server.Id}: started as process {process.Identity.ProcessId}");
            return Outcome<IGuest>.Of(guest);
        }

        // A guest of a few instructions may be through already.
        if (guest.Ended is { IsCompletedSuccessfully: true, Result: GuestEnd.PoweredOff or GuestEnd.Reset })
            return Outcome<IGuest>.Of(guest);
        await guest.KillAsync(CancellationToken.None);
        var complaint = await process.ReadErrorsToEndAsync();
        await guest.DisposeAsync();
        ct.ThrowIfCancellationRequested();
        return new Fault($"The virtual machine did not start: {complaint.Replace("appliance-vmm: ", "", StringComparison.Ordinal)}", Internal: complaint);
    }

    public Task<byte[]> ReadConsoleLogAsync(ServerRecord server, int maxBytes, CancellationToken ct) =>
        Task.FromResult(KvmFiles.ReadLogEnd(server.Folder, maxBytes));

    public void Dispose() => _exits.Dispose();

    /// <summary>Starts the process; it waits at its gate until it is recorded, so there is never one that nobody knows.</summary>
    private async Task<HypervisorProcess> LaunchAsync(GuestStart start, KvmDevices devices, CancellationToken ct)
    {
        var (gateOutside, gateInside) = UnixSockets.CreatePair();
        var (errorsOutside, errorsInside) = UnixSockets.CreatePair();
        using (gateOutside)
        using (gateInside)
        using (errorsInside)
        {
            var rules = new JailRules(start.Server.State!.UserId, null, DiesWithAgent: false, null, devices.LargestFileBytes, null) { RootFolder = _root };
            var inherited = devices.CommandLine.Descriptors;
            var arguments = rules.ToArguments(_jail.Launcher, inherited.Count, isGated: true, devices.CommandLine.Arguments);
            var processId = _root is null
                ? Spawn.Start(arguments, _jail.LauncherEnvironment, null, errorsInside, [.. inherited, gateInside])
                : Spawn.StartAlone(arguments, _jail.LauncherEnvironment, null, errorsInside, [.. inherited, gateInside]);

            // Until it is waited for it stays in the process table, so both of these are about this very process.
            var process = new HypervisorProcess(ProcessIdentity.Of(processId)!, PidFd.Open(processId)!, errorsOutside);
            try
            {
                if (_root is not null && GuestCgroup.Place(start.Server.Id, processId, GuestLimits.Of(start.Document)) is { } obstacle)
                    _log.Warning($"server {start.Server.Id}: {obstacle}; the guest runs without limits");
                await start.RecordAsync(process.Identity, ct);
            }
            catch
            {
                process.Signal(SIGKILL);
                process.Reap();
                process.Dispose();
                throw;
            }

            Files.TryWrite(gateOutside, [1], out _);
            return process;
        }
    }

    /// <summary>Whether the machine greets before its process ends or the time is over.</summary>
    private async Task<bool> IsReadyAsync(ServerRecord server, KvmGuest guest, CancellationToken ct)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var ready = KvmControl.IsThereAsync(server.Folder, enough.Token);
        await Task.WhenAny(ready, Task.Delay(_options.StartTimeout, _clock, enough.Token));
        await enough.CancelAsync();
        await ((Task)ready).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // Without an answer its end is what happened, unless it hangs.
        if (ready is not { IsCompletedSuccessfully: true, Result: true })
            await Task.WhenAny(guest.Ended, Task.Delay(TimeSpan.FromSeconds(1), _clock, CancellationToken.None));
        return ready is { IsCompletedSuccessfully: true, Result: true };
    }

    private async Task<KvmGuest> TakeAsync(ServerRecord server, HypervisorProcess process, CancellationToken ct)
    {
        var serial = await UnixClient.TryConnectAsync(server.Folder, KvmFiles.SerialSocket, ct);
        // The machine itself keeps the log, also while no agent runs.
        var relay = serial is null ? null : new SerialRelay(serial, null, _clock);
        return new KvmGuest(process, server, relay, _exits, _log, _clock);
    }
}
