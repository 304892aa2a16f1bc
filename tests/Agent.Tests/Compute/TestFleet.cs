using System.Collections.Concurrent;
using System.Text.Json;
using Appliance.Agent.Compute;
using Appliance.Agent.Compute.Simulated;
using Appliance.Agent.Jail;
using Appliance.Agent.Logging;
using Appliance.Agent.Storage;
using Appliance.Protocol;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Tests.Compute;

/// <summary>A fleet over a folder of its own, and what it reported. Starting another one over the same folder is an agent's restart.</summary>
internal sealed class TestFleet : IAsyncDisposable
{
    public static readonly TimeSpan Deadline = TimeSpan.FromMinutes(4);

    /// <summary>The agent's executable lies beside the tests.</summary>
    public static readonly JailOptions Jail = new(Path.Combine(AppContext.BaseDirectory, "appliance-agent"));

    private readonly ImageCache _images;
    private readonly ServerDisks _disks;
    private readonly ConcurrentDictionary<string, ObjectStatus> _statuses = new();
    private readonly ConcurrentDictionary<string, bool> _gone = new();
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TestFleet(
        TestFolder folder, IServerDriver? driver = null, TestPorts? ports = null, IImageSource? images = null,
        Func<ComputeOptions, ComputeOptions>? configure = null)
    {
        var storage = new StorageOptions { DataFolder = folder.Path };
        _images = new ImageCache(storage, new StorageLayout(folder.Path), Jail, images ?? new TestImages(), Log.Silent, TimeProvider.System);
        _disks = new ServerDisks(storage, Jail, _images);
        Ports = ports ?? new TestPorts();
        var options = new ComputeOptions { DataFolder = folder.Path, DefaultDriver = DriverNames.Simulated };
        var drivers = new List<IServerDriver> { new SimulatedDriver() };
        if (driver is not null)
        {
            drivers.Add(driver);
            options = options with { DefaultDriver = driver.Report.Name };
        }

        Fleet = new ServerFleet(
            configure?.Invoke(options) ?? options, drivers, _disks, Ports,
            (server, path, ct) => File.WriteAllTextAsync(path, "config drive of " + server.Name, ct), Report, Gone,
            new Log(Console.Out, LogLevel.Warning, TimeProvider.System), TimeProvider.System);
    }

    public ServerFleet Fleet { get; }

    public TestPorts Ports { get; }

    /// <summary>Every status in the order it was reported.</summary>
    public ConcurrentQueue<ObjectStatus> History { get; } = new();

    public ObjectStatus? StatusOf(string id) => _statuses.GetValueOrDefault(id);

    public void Update(params Versioned<ServerDocument>[] desired) => Fleet.Update(desired);

    /// <summary>The first status of this generation that fits.</summary>
    public async Task<ServerStatusDetails> WaitAsync(string id, long generation, string state, Func<ServerStatusDetails, bool>? fits = null)
    {
        var status = await AwaitAsync(
            () => StatusOf(id) is { } status && status.Generation == generation && status.State == state && (fits?.Invoke(DetailsOf(status)) ?? true)
                ? status : null,
            () => $"server {id}: wanted {state} of generation {generation}, has {StatusOf(id)} {StatusOf(id)?.Details}");
        return DetailsOf(status);
    }

    public Task WaitGoneAsync(string id) => AwaitAsync(() => _gone.ContainsKey(id) ? id : null, () => $"server {id} is not gone");

    /// <summary>Looks again after every report until there is a result.</summary>
    public async Task<T> AwaitAsync<T>(Func<T?> find, Func<string> describe)
        where T : class
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (true)
        {
            Task changed;
            lock (_lock)
                changed = _changed.Task;
            if (find() is { } found)
                return found;
            await Task.WhenAny(changed, Task.Delay(Timeout.Infinite, deadline.Token));
            if (deadline.IsCancellationRequested)
                throw new TimeoutException(describe());
        }
    }

    /// <summary>Removes all servers and waits until nothing is left: guests outlive their fleet, but not their test.</summary>
    public async Task RemoveAllAsync()
    {
        var ids = _statuses.Keys.Where(Fleet.Holds).ToList();
        Update();
        foreach (var id in ids)
            await WaitGoneAsync(id);
    }

    public static ServerStatusDetails DetailsOf(ObjectStatus status) => status.Details!.Value.Deserialize(ProtocolJson.Default.ServerStatusDetails)!;

    public async ValueTask DisposeAsync()
    {
        await Fleet.DisposeAsync();
        await _images.DisposeAsync();
        _disks.Dispose();
    }

    private void Report(ObjectStatus status)
    {
        _statuses[status.Id] = status;
        History.Enqueue(status);
        Signal();
    }

    private void Gone(DocumentKey key)
    {
        _gone[key.Id] = true;
        Signal();
    }

    private void Signal()
    {
        lock (_lock)
        {
            _changed.SetResult();
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
