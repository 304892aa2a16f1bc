using Appliance.Agent.Logging;
using Appliance.Agent.Storage;
using Appliance.Protocol;
using Appliance.Protocol.Documents;
using Appliance.Protocol.Link;

namespace Appliance.Agent.Compute;

/// <summary>
/// All servers of a node, one <see cref="ServerKeeper"/> each. Level-triggered: every <see cref="Update"/> is the complete list of what should
/// be. Disposing it leaves all guests running; the next fleet over the same folder takes them over.
/// </summary>
internal sealed class ServerFleet : IAsyncDisposable
{
    private readonly FleetContext _context;
    private readonly Action<DocumentKey> _gone;
    private readonly string _folder;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ServerKeeper> _keepers = new(StringComparer.Ordinal);
    private bool _hasLoaded;
    private bool _isDisposed;

    /// <param name="drivers">At least <see cref="ComputeOptions.DefaultDriver"/>, and every one that servers on this disk were made with.</param>
    /// <param name="report">Takes every change of a server's status, in order for each server, from any thread; does not block.</param>
    /// <param name="gone">Takes the keys of servers of which nothing is left; like <paramref name="report"/>.</param>
    public ServerFleet(
        ComputeOptions options, IReadOnlyList<IServerDriver> drivers, ServerDisks disks, IPortDevices ports, ConfigDriveWriter writeConfigDrive,
        Action<ObjectStatus> report, Action<DocumentKey> gone, Log log, TimeProvider clock)
    {
        _gone = gone;
        _folder = Path.Combine(options.DataFolder, "servers");
        _context = new FleetContext(
            options, drivers.ToDictionary(driver => driver.Report.Name), disks, ports, writeConfigDrive,
            new GuestUsers(options.FirstUserId, options.UserIdCount), report, log.For("compute"), clock);
        ports.Changed += PortChanged;
    }

    /// <summary>What each driver can do here, with reasons where it cannot.</summary>
    public IReadOnlyList<DriverReport> Drivers => [.. _context.Drivers.Values.Select(driver => driver.Report)];

    /// <summary>
    /// Takes the complete list of servers this node should have. The first call also finds what an earlier agent left: its guests are taken
    /// over, and servers that are not in the list are removed, so call it only with what was stored durably.
    /// </summary>
    public void Update(IReadOnlyList<Versioned<ServerDocument>> desired)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var wanted = desired.ToDictionary(server => server.Document.Id, StringComparer.Ordinal);
            if (!_hasLoaded)
                LoadLocked(wanted);
            _hasLoaded = true;

            foreach (var keeper in _keepers.Values.Where(keeper => !wanted.ContainsKey(keeper.Id)))
                keeper.TryUpdate(null);
            foreach (var (id, server) in wanted)
            {
                if (!_keepers.TryGetValue(id, out var keeper) || !keeper.TryUpdate(server))
                    AddLocked(ServerRecord.Load(_folder, id), server);
            }
        }

        _context.Disks.SetImagesInUse(desired.SelectMany(server => ServerDisks.ImagesOf(server.Document.Image)).ToHashSet());
    }

    /// <summary>Whether anything of this server is left on the node, or about to be made. After the first <see cref="Update"/>.</summary>
    public bool Holds(string serverId)
    {
        lock (_lock)
            return _keepers.ContainsKey(serverId);
    }

    /// <summary>Something outside got better (the link is back): what waits because of a fault is tried at once.</summary>
    public void Retry()
    {
        lock (_lock)
        {
            foreach (var keeper in _keepers.Values)
                keeper.Retry();
        }
    }

    /// <summary>The end of the server's console log, of all its starts; empty for a server this node does not have.</summary>
    public Task<byte[]> ConsoleLogAsync(string serverId, int maxBytes, CancellationToken ct) =>
        Find(serverId)?.ReadConsoleLogAsync(maxBytes, ct) ?? Task.FromResult(Array.Empty<byte>());

    /// <summary>
    /// The first serial port of a running guest, both ways; several may be open at a time and all read the same. Reading ends when the guest
    /// does, or when the reader falls too far behind. Null when the server does not run here. The caller disposes it.
    /// </summary>
    public Stream? OpenSerial(string serverId) => Find(serverId)?.OpenSerial();

    /// <summary>Lets go of all servers; their guests run on.</summary>
    public async ValueTask DisposeAsync()
    {
        _context.Ports.Changed -= PortChanged;
        ServerKeeper[] keepers;
        lock (_lock)
        {
            _isDisposed = true;
            keepers = [.. _keepers.Values];
        }

        await Task.WhenAll(keepers.Select(keeper => keeper.DisposeAsync().AsTask()));
    }

    private ServerKeeper? Find(string serverId)
    {
        lock (_lock)
            return _keepers.GetValueOrDefault(serverId);
    }

    // Every user id on the disk is noted before any keeper may take one.
    private void LoadLocked(Dictionary<string, Versioned<ServerDocument>> wanted)
    {
        Directory.CreateDirectory(_folder);
        var records = Directory.EnumerateDirectories(_folder)
            .Select(folder => ServerRecord.Load(_folder, Path.GetFileName(folder)))
            .ToList();
        foreach (var record in records)
        {
            if (record.State?.UserId is { } userId)
                _context.Users.Occupy(userId);
        }

        foreach (var record in records)
            AddLocked(record, wanted.GetValueOrDefault(record.Id));
    }

    private void AddLocked(ServerRecord record, Versioned<ServerDocument>? desired) =>
        _keepers[record.Id] = new ServerKeeper(record, desired, _context, Finished);

    private void Finished(ServerKeeper keeper)
    {
        lock (_lock)
        {
            if (_keepers.GetValueOrDefault(keeper.Id) != keeper)
                return;   // desired again meanwhile: a new keeper is at work
            _keepers.Remove(keeper.Id);
        }

        _gone(new DocumentKey(DocumentKinds.Server, keeper.Id));
    }

    private void PortChanged(string portId)
    {
        lock (_lock)
        {
            foreach (var keeper in _keepers.Values)
                keeper.PortChanged(portId);
        }
    }
}
