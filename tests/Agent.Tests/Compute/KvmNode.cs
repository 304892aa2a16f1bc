using System.Text;
using System.Text.Json;
using Appliance.Agent.Compute;
using Appliance.Agent.Compute.Kvm;
using Appliance.Agent.Logging;
using Appliance.Agent.Tests.Vmm.Guest;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Tests.Compute;

/// <summary>A node with the <c>kvm</c> driver and guests of a tiny kernel, which any /dev/kvm runs. Its agent can be restarted; at the end nothing of it is left.</summary>
internal sealed class KvmNode : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private KvmDriver _driver = null!;

    private KvmNode()
    {
    }

    public TestImages Images { get; } = new();

    public TestFleet Agent { get; private set; } = null!;

    public TimeSpan PowerOffTimeout { get; set; } = TimeSpan.FromSeconds(60);

    public static async Task<KvmNode> StartAsync()
    {
        Assert.SkipUnless(TinyGuest.Obstacle is null, TinyGuest.Obstacle ?? "");
        Assert.SkipUnless(File.Exists(FindVmm()), "out/appliance-vmm is missing: run scripts/build vmm");
        var node = new KvmNode();
        await node.StartAgentAsync();
        Assert.True(node._driver.Report.IsUsable, node._driver.Report.Reason);
        return node;
    }

    /// <summary>A server whose image has the kernel; its disk is empty.</summary>
    public ServerDocument NewServer() => Servers.New(Images.Add(new byte[1 << 20]) with { Kernel = Images.Add(TinyKernel.Image()) });

    public async Task StartAgentAsync()
    {
        var options = new KvmOptions { VmmPath = FindVmm(), DataFolder = _folder.Path, AcceptsEmulation = true };
        _driver = await KvmDriver.CreateAsync(options, TestFleet.Jail, null, Log.Silent, TimeProvider.System, CancellationToken.None);
        Agent = new TestFleet(_folder, _driver, null, Images, compute => compute with { PowerOffTimeout = PowerOffTimeout });
    }

    /// <summary>The agent goes; guests stay.</summary>
    public async Task StopAgentAsync()
    {
        await Agent.DisposeAsync();
        _driver.Dispose();
    }

    public async Task<ServerStatusDetails> RunAsync(ServerDocument server)
    {
        Agent.Update(server.At(1));
        var started = await Agent.WaitAsync(server.Id, 1, ServerStates.Converged);
        await WaitForConsoleAsync(server.Id, "ready");
        return started;
    }

    public string PathOf(string serverId, string file) => Path.Combine(_folder.Path, "servers", serverId, file);

    public ServerState StateOf(string serverId) =>
        JsonSerializer.Deserialize(File.ReadAllBytes(PathOf(serverId, "state.json")), ComputeJson.Default.ServerState)!;

    /// <summary>Waits until the console log has this text.</summary>
    public async Task WaitForConsoleAsync(string serverId, string text, int times = 1)
    {
        using var deadline = new CancellationTokenSource(TestFleet.Deadline);
        while ((await ConsoleAsync(serverId)).Split(text).Length <= times)
            await Task.Delay(10, deadline.Token);
    }

    public async Task<string> ConsoleAsync(string serverId) =>
        Encoding.UTF8.GetString(await Agent.Fleet.ConsoleLogAsync(serverId, 1 << 20, CancellationToken.None));

    /// <summary>Types into the serial port of a running server.</summary>
    public async Task TypeAsync(string serverId, string text)
    {
        await using var serial = Agent.Fleet.OpenSerial(serverId)!;
        await serial.WriteAsync(Encoding.ASCII.GetBytes(text), CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await Agent.RemoveAllAsync();
        await StopAgentAsync();
        _folder.Dispose();
    }

    private static string FindVmm()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Appliance.sln")))
            folder = Path.GetDirectoryName(folder)!;
        return Path.Combine(folder, "out/appliance-vmm");
    }
}
