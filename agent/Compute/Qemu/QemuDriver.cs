using Appliance.Agent.Compute.Processes;
using Appliance.Agent.Compute.Serial;
using Appliance.Agent.Faults;
using Appliance.Agent.Jail;
using Appliance.Agent.Logging;
using Appliance.Linux.Libc;
using Appliance.Protocol.Link;

namespace Appliance.Agent.Compute.Qemu;

/// <summary>
/// Runs guests with QEMU, each in a process of its own: another user, no network, no paths, a system call filter. The process belongs to no
/// agent: it leads its own session, its sockets are in the server's folder, and the next agent takes it over.
/// </summary>
internal sealed class QemuDriver : IServerDriver, IDisposable
{
    private const int SIGKILL = 9;

    private readonly QemuOptions _options;
    private readonly JailOptions _jail;
    private readonly Func<string, Outcome<Fd>> _openTap;
    private readonly Log _log;
    private readonly TimeProvider _clock;
    private readonly ProcessExits _exits = new();
    private readonly int? _kvmGroup;

    private QemuDriver(
        DriverReport report, QemuOptions options, JailOptions jail, Func<string, Outcome<Fd>> openTap, Log log, TimeProvider clock)
    {
        (Report, _options, _jail, _openTap, _log, _clock) = (report, options, jail, openTap, log.For("qemu"), clock);
        _kvmGroup = report.Accelerator == QemuProbe.Kvm && Environment.IsPrivilegedProcess ? KvmDevice.OpenToGroup() : null;
    }

    public DriverReport Report { get; }

    public bool HasDevices => true;

    /// <summary>Finds out what QEMU can do here; the driver may then be unusable, which its report says.</summary>
    /// <param name="openTap">How to open a port's TAP device; null: in the agent's network namespace.</param>
    public static async Task<QemuDriver> CreateAsync(
        QemuOptions options, JailOptions jail, Func<string, Outcome<Fd>>? openTap, Log log, TimeProvider clock, CancellationToken ct) =>
        new(await QemuProbe.ReportAsync(options, jail, ct), options, jail, openTap ?? PortTaps.Open, log, clock);

    public async Task<IGuest?> AdoptAsync(ServerRecord server, CancellationToken ct)
    {
        if (server.State?.Process is not { } identity || ProcessIdentity.Open(identity) is not { } descriptor)
            return null;

        var guest = await TakeAsync(server.Folder, new HypervisorProcess(identity, descriptor, null), ct);
        if (!await IsReadyAsync(guest, ct) && server.State.Phase == GuestPhase.Starting)
        {
            // It never got past its gate, or hangs before its first instruction: starting anew is right.
            await guest.KillAsync(CancellationToken.None);
            await guest.DisposeAsync();
            return null;
        }

        _log.Information($"server {server.Id}: found running as process {identity.ProcessId}");
        return guest;
    }

    public async Task<Outcome<IGuest>> StartAsync(GuestStart start, CancellationToken ct)
    {
        HypervisorProcess process;
        using (var devices = new QemuDevices(_options, Report.Accelerator, start, _openTap))
        {
            if (devices.Open() is { } missing)
                return missing;
            process = await LaunchAsync(start, devices, ct);
        }

        // From here on only the process holds its listening sockets, so that they end with it.
        var guest = await TakeAsync(start.Server.Folder, process, ct);
        if (await IsReadyAsync(guest, ct))
        {
            _log.Information($"server {start.Server.Id}: started as process {process.Identity.ProcessId}");
            return Outcome<IGuest>.Of(guest);
        }

        await guest.KillAsync(CancellationToken.None);
        var complaint = await process.ReadErrorsToEndAsync();
        await guest.DisposeAsync();
        ct.ThrowIfCancellationRequested();
        return new Fault("The virtual machine's process did not start on this node; its log has QEMU's message.", Internal: complaint);
    }

    public Task<byte[]> ReadConsoleLogAsync(ServerRecord server, int maxBytes, CancellationToken ct) =>
        ConsoleLog.ReadEndAsync(server.Folder, maxBytes, ct);

    public void Dispose() => _exits.Dispose();

    /// <summary>Starts the process; it waits at its gate until it is recorded, so there is never one that nobody knows.</summary>
    private async Task<HypervisorProcess> LaunchAsync(GuestStart start, QemuDevices devices, CancellationToken ct)
    {
        var (gateOutside, gateInside) = UnixSockets.CreatePair();
        var (errorsOutside, errorsInside) = UnixSockets.CreatePair();
        using (gateOutside)
        using (gateInside)
        using (errorsInside)
        {
            var rules = new JailRules(start.Server.State!.UserId, _kvmGroup, DiesWithAgent: false, null, null, null);
            var inherited = devices.CommandLine.Descriptors;
            var arguments = rules.ToArguments(_jail.Launcher, inherited.Count, isGated: true, devices.CommandLine.Arguments);
            var processId = Spawn.Start(arguments, _jail.LauncherEnvironment, null, errorsInside, [.. inherited, gateInside]);

            // Until it is waited for it stays in the process table, so both of these are about this very process.
            var process = new HypervisorProcess(ProcessIdentity.Of(processId)!, PidFd.Open(processId)!, errorsOutside);
            try
            {
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

    /// <summary>Whether the monitor answers before the process ends or the time is over.</summary>
    private async Task<bool> IsReadyAsync(QemuGuest guest, CancellationToken ct)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var ready = guest.Ready;
        await Task.WhenAny(ready, guest.Ended, Task.Delay(_options.StartTimeout, _clock, enough.Token));
        await enough.CancelAsync();
        return ready.IsCompletedSuccessfully;
    }

    private async Task<QemuGuest> TakeAsync(string folder, HypervisorProcess process, CancellationToken ct)
    {
        // Joined before the machine runs, so that its first words are kept.
        var serial = await UnixClient.TryConnectAsync(folder, QemuDevices.SerialSocketName, ct);
        var relay = serial is null ? null : new SerialRelay(serial, new ConsoleLog(folder), _clock);
        return new QemuGuest(process, folder, relay, _exits, _log, _clock);
    }
}
