using System.Text;
using System.Text.Json;
using Appliance.Agent.Compute;
using Appliance.Agent.Compute.Processes;
using Appliance.Agent.Compute.Qemu;
using Appliance.Agent.Faults;
using Appliance.Agent.Logging;
using Appliance.Linux.Libc;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Tests.Compute;

/// <summary>A node with the <c>qemu</c> driver and boot sector guests. Its agent can be restarted; at the end nothing of it is left.</summary>
internal sealed class QemuNode : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly Func<string, Outcome<Fd>>? _openTap;
    private QemuDriver _driver = null!;

    private QemuNode(Func<string, Outcome<Fd>>? openTap) => _openTap = openTap;

    public TestImages Images { get; } = new();

    public TestPorts Ports { get; } = new();

    public TestFleet Agent { get; private set; } = null!;

    public QemuOptions Options { get; set; } = new();

    public TimeSpan PowerOffTimeout { get; set; } = TimeSpan.FromSeconds(60);

    public static async Task<QemuNode> StartAsync(Func<string, Outcome<Fd>>? openTap = null)
    {
        Assert.SkipUnless(File.Exists(new QemuOptions().BinaryPath), "qemu-system-x86_64 is not installed");
        var node = new QemuNode(openTap);
        await node.StartAgentAsync();
        return node;
    }

    public ServerDocument NewServer() => Servers.New(Images.Add(BootSectorGuest.Disk()));

    public async Task StartAgentAsync()
    {
        _driver = await QemuDriver.CreateAsync(Options, TestFleet.Jail, _openTap, Log.Silent, TimeProvider.System, CancellationToken.None);
        Agent = new TestFleet(_folder, _driver, Ports, Images, options => options with { PowerOffTimeout = PowerOffTimeout });
    }

    /// <summary>The agent goes; guests stay.</summary>
    public async Task StopAgentAsync()
    {
        await Agent.DisposeAsync();
        _driver.Dispose();
    }

    public string PathOf(string serverId, string file) => Path.Combine(_folder.Path, "servers", serverId, file);

    public ServerState StateOf(string serverId) =>
        JsonSerializer.Deserialize(File.ReadAllBytes(PathOf(serverId, "state.json")), ComputeJson.Default.ServerState)!;

    public void ChangeState(string serverId, Func<ServerState, ServerState> change) =>
        File.WriteAllBytes(PathOf(serverId, "state.json"), JsonSerializer.SerializeToUtf8Bytes(change(StateOf(serverId)), ComputeJson.Default.ServerState));

    /// <summary>Waits until the console log has this text, by reading along on the serial port.</summary>
    public async Task WaitForConsoleAsync(string serverId, string text)
    {
        using var deadline = new CancellationTokenSource(TestFleet.Deadline);
        await using var serial = Agent.Fleet.OpenSerial(serverId);
        var buffer = new byte[4096];
        while (!(await ConsoleAsync(serverId)).Contains(text))
        {
            if (serial is null || await serial.ReadAsync(buffer, deadline.Token) == 0)
            {
                Assert.Contains(text, await ConsoleAsync(serverId));
                return;
            }
        }
    }

    public async Task<string> ConsoleAsync(string serverId) =>
        Encoding.UTF8.GetString(await Agent.Fleet.ConsoleLogAsync(serverId, 1 << 20, CancellationToken.None));

    /// <summary>Types into the serial port of a running server.</summary>
    public async Task TypeAsync(string serverId, string text)
    {
        await using var serial = Agent.Fleet.OpenSerial(serverId)!;
        await serial.WriteAsync(Encoding.ASCII.GetBytes(text), CancellationToken.None);
    }

    /// <summary>Kills a server's process and waits until the kernel has none of it.</summary>
    public async Task KillProcessAsync(string serverId)
    {
        var processId = StateOf(serverId).Process!.ProcessId;
        using var process = PidFd.Open(processId)!;
        using var exits = new ProcessExits();
        PidFd.Signal(process, 9);
        await exits.WhenEndedAsync(process, CancellationToken.None).WaitAsync(TestFleet.Deadline);
    }

    public async ValueTask DisposeAsync()
    {
        await Agent.RemoveAllAsync();
        await StopAgentAsync();
        _folder.Dispose();
    }
}
