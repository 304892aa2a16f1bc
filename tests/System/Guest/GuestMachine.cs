using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Appliance.SystemTests.Guest;

/// <summary>How a test's machine is put together; what is not said is the smallest machine the image promises to run on.</summary>
internal sealed record GuestMachineOptions(string Disk)
{
    /// <summary>QEMU's machine type: the two PCs that clouds use.</summary>
    public string Machine { get; init; } = "q35";
    public string? ConfigDrive { get; init; }
    /// <summary>Starts the image's kernel directly, without firmware and boot loader.</summary>
    public bool DirectKernel { get; init; }
    /// <summary>More of QEMU's <c>-netdev user</c>, from the comma on.</summary>
    public string Network { get; init; } = "";
    /// <summary>Connects to this network instead of an emulated one.</summary>
    public GuestNetwork? Tap { get; init; }
}

/// <summary>One emulated machine (TCG, 128 MB, one CPU) with user-mode networking: its ssh port is forwarded from loopback.</summary>
internal sealed class GuestMachine : IAsyncDisposable
{
    /// <summary>Far above what a boot takes on an idle machine (about 5 s): the tests share theirs with others.</summary>
    private static readonly TimeSpan BootDeadline = TimeSpan.FromMinutes(5);

    private readonly GuestFolder _folder;
    private readonly Process _process;
    private readonly GuestMachineOptions _options;
    private readonly int _sshPort;
    private readonly string _serial;

    private GuestMachine(GuestFolder folder, GuestMachineOptions options, Process process, QmpClient qmp, int sshPort, string serial)
    {
        (_folder, _options, _process, Qmp, _sshPort, _serial) = (folder, options, process, qmp, sshPort, serial);
    }

    public QmpClient Qmp { get; }

    /// <summary>Everything the serial port said since the machine was switched on.</summary>
    public string Console => File.Exists(_serial) ? File.ReadAllText(_serial) : "";

    public static async Task<GuestMachine> StartAsync(GuestFolder folder, GuestMachineOptions options)
    {
        string run = Path.Combine(folder.Root, Guid.NewGuid().ToString("N")[..8]);
        int port = FreePort();
        string network = options.Tap is { } tap
            ? $"tap,id=net0,ifname={tap.TapName},script=no,downscript=no"
            : $"user,id=net0,hostfwd=tcp:127.0.0.1:{port}-:22{options.Network}";
        string[] arguments =
        [
            .. options.Tap?.Enter ?? [], "qemu-system-x86_64",
            "-accel", "tcg", "-machine", options.Machine, "-cpu", "qemu64", "-m", "128", "-smp", "1",
            "-nodefaults", "-display", "none", "-serial", $"file:{run}.serial", "-qmp", $"unix:{run}.qmp,server=on,wait=off",
            "-drive", $"file={options.Disk},if=none,id=root,format=qcow2", "-device", "virtio-blk-pci,drive=root",
            "-netdev", network, "-device", "virtio-net-pci,netdev=net0",
            .. options.Machine == "q35" ? ["-device", "pcie-root-port,id=slot1,chassis=1", "-device", "pcie-root-port,id=slot2,chassis=2"]
                : Array.Empty<string>(),
            .. options.ConfigDrive is { } drive
                ? ["-drive", $"file={drive},if=none,id=config,format=raw,readonly=on", "-device", "virtio-blk-pci,drive=config"]
                : Array.Empty<string>(),
            .. options.DirectKernel
                ? ["-kernel", GuestImage.Kernel, "-initrd", GuestImage.Initrd, "-append", "console=ttyS0 quiet no_timer_check cryptomgr.notests panic=10"]
                : Array.Empty<string>(),
        ];
        var process = Process.Start(new ProcessStartInfo(arguments[0], arguments[1..]) { RedirectStandardError = true })!;
        await Eventually.TrueAsync(() => Task.FromResult(File.Exists($"{run}.qmp") || process.HasExited), TimeSpan.FromSeconds(20),
            () => "QEMU's control socket");
        Assert.False(process.HasExited, process.HasExited ? await process.StandardError.ReadToEndAsync() : "");
        return new GuestMachine(folder, options, process, await QmpClient.ConnectAsync($"{run}.qmp"), port, $"{run}.serial");
    }

    /// <summary>Runs a shell command as <c>guest</c>; fails the test when the command fails.</summary>
    public async Task<string> RunAsync(string command, string key = "ed25519")
    {
        var result = await TryAsync(command, key);
        Assert.True(result.Code == 0, $"{command}: exit code {result.Code}\n{result.Text}\nconsole:\n{Console}");
        return result.Output.TrimEnd('\n');
    }

    public Task<CommandResult> TryAsync(string command, string key = "ed25519", string user = "guest")
    {
        string[] program =
        [
            .. _options.Tap?.Enter ?? [], "ssh", "-F", "none", "-i", _folder.Key(key), "-p", _options.Tap is null ? $"{_sshPort}" : "22",
            "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "ConnectTimeout=10", "-o", "StrictHostKeyChecking=no",
            "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", $"{user}@{(_options.Tap is null ? "127.0.0.1" : GuestNetwork.GuestAddress)}", command,
        ];
        return Command.RunAsync(program[0], program[1..], TimeSpan.FromSeconds(60));
    }

    public Task AwaitLoginAsync() =>
        Eventually.TrueAsync(async () => (await TryAsync("true")).Code == 0, BootDeadline, () => $"a login over ssh; console:\n{Console}");

    /// <param name="times">How often the console must have said it: each boot says it once.</param>
    public Task AwaitConsoleAsync(string text, int times = 1) => Eventually.TrueAsync(
        () => Task.FromResult(Console.Split(text).Length > times), BootDeadline, () => $"\"{text}\" on the console:\n{Console}");

    /// <summary>Presses the power button; says how long the guest took to be off.</summary>
    public async Task<TimeSpan> PowerOffAsync()
    {
        var started = Stopwatch.GetTimestamp();
        await Qmp.ExecuteAsync("system_powerdown");
        await Eventually.TrueAsync(() => Task.FromResult(_process.HasExited), TimeSpan.FromMinutes(2), () => $"power off; console:\n{Console}");
        return Stopwatch.GetElapsedTime(started);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        Qmp.Dispose();
        _process.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
