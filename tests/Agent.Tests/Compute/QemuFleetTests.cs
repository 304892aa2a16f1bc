using Appliance.Agent.Compute.Qemu;
using Appliance.Linux.Libc;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Tests.Compute;

public sealed class QemuFleetTests
{
    [Fact]
    public async Task An_image_that_boots_by_UEFI_gets_it_and_variables_of_its_own()
    {
        Assert.SkipUnless(File.Exists(new QemuOptions().UefiCodePath), "ovmf is not installed");
        await using var node = await QemuNode.StartAsync();
        var server = node.NewServer();
        server = server with { MemoryMiB = 256, Image = server.Image! with { Properties = new Dictionary<string, string> { ["hw_firmware_type"] = "uefi" } } };
        node.Agent.Update(server.At(1));
        await node.Agent.WaitAsync(server.Id, 1, ServerStates.Converged);
        // The boot manager's words: there is nothing that it could boot.
        await node.WaitForConsoleAsync(server.Id, "BdsDxe");
        Assert.True(File.Exists(node.PathOf(server.Id, "uefi.variables")));
    }

    [Fact]
    public async Task A_guest_boots_stops_by_its_power_button_and_keeps_its_disk()
    {
        await using var node = await QemuNode.StartAsync();
        var server = node.NewServer();

        node.Agent.Update(server.At(1));
        var running = await node.Agent.WaitAsync(server.Id, 1, ServerStates.Converged);
        Assert.Equal(PowerStates.Running, running.PowerState);
        Assert.Equal("qemu", running.Driver);
        await node.WaitForConsoleAsync(server.Id, "boot 1 ready");

        node.Agent.Update(server.Stopped().At(2));
        Assert.Equal(PowerStates.Stopped, (await node.Agent.WaitAsync(server.Id, 2, ServerStates.Converged)).PowerState);
        Assert.Contains("bye", await node.ConsoleAsync(server.Id));
        Assert.Null(node.Agent.Fleet.OpenSerial(server.Id));

        node.Agent.Update(server.At(3));
        await node.Agent.WaitAsync(server.Id, 3, ServerStates.Converged);
        await node.WaitForConsoleAsync(server.Id, "boot 2 ready");
    }

    [Fact]
    public async Task Disks_work_around_the_page_cache_too()
    {
        await using var node = await QemuNode.StartAsync();
        await node.StopAgentAsync();
        node.Options = node.Options with { DirectDisks = true };
        await node.StartAgentAsync();
        var server = node.NewServer();

        node.Agent.Update(server.At(1));
        await node.Agent.WaitAsync(server.Id, 1, ServerStates.Converged);

        await node.WaitForConsoleAsync(server.Id, "boot 1 ready");
    }

    [Fact]
    public async Task Removing_a_running_server_leaves_no_process_and_no_file()
    {
        await using var node = await QemuNode.StartAsync();
        var server = node.NewServer() with { EphemeralDiskGiB = 1, SwapMiB = 1, ConfigDrive = true };
        node.Agent.Update(server.At(1));
        await node.Agent.WaitAsync(server.Id, 1, ServerStates.Converged);
        var processId = node.StateOf(server.Id).Process!.ProcessId;
        foreach (var file in new[] { "root.disk", "ephemeral.disk", "swap.disk", "config.iso" })
            Assert.True(File.Exists(node.PathOf(server.Id, file)), file);

        node.Agent.Update();
        await node.Agent.WaitGoneAsync(server.Id);

        Assert.False(Directory.Exists($"/proc/{processId}"));
        Assert.False(Directory.Exists(node.PathOf(server.Id, "")));
    }

    [Fact]
    public async Task A_guest_deaf_to_its_power_button_is_forced()
    {
        await using var node = await QemuNode.StartAsync();
        node.PowerOffTimeout = TimeSpan.FromSeconds(1);
        await node.StopAgentAsync();
        await node.StartAgentAsync();
        var server = node.NewServer();
        node.Agent.Update(server.At(1));
        await node.Agent.WaitAsync(server.Id, 1, ServerStates.Converged);
        await node.WaitForConsoleAsync(server.Id, "ready\r\n");
        await node.TypeAsync(server.Id, "d");
        await node.WaitForConsoleAsync(server.Id, "ready\r\nd");

        node.Agent.Update(server.Stopped().At(2));

        Assert.Equal(PowerStates.Stopped, (await node.Agent.WaitAsync(server.Id, 2, ServerStates.Converged)).PowerState);
        Assert.DoesNotContain("bye", await node.ConsoleAsync(server.Id));
    }

    [Fact]
    public async Task The_serial_port_works_both_ways_for_several_at_a_time()
    {
        await using var node = await QemuNode.StartAsync();
        var server = node.NewServer();
        node.Agent.Update(server.At(1));
        await node.Agent.WaitAsync(server.Id, 1, ServerStates.Converged);
        await node.WaitForConsoleAsync(server.Id, "ready\r\n");
        await using var first = node.Agent.Fleet.OpenSerial(server.Id)!;
        await using var second = node.Agent.Fleet.OpenSerial(server.Id)!;

        await first.WriteAsync("abc"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.Equal("abc", await ReadTextAsync(first, 3));
        Assert.Equal("abc", await ReadTextAsync(second, 3));

        await second.WriteAsync("q"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.Equal("bye\r\n", await ReadTextAsync(first, 5));
        Assert.Equal(0, await first.ReadAsync(new byte[1], TestContext.Current.CancellationToken).AsTask().WaitAsync(TestFleet.Deadline, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_guest_that_switches_itself_off_stays_off_until_it_was_desired_stopped()
    {
        await using var node = await QemuNode.StartAsync();
        var server = node.NewServer();
        node.Agent.Update(server.At(1));
        await node.Agent.WaitAsync(server.Id, 1, ServerStates.Converged);
        await node.WaitForConsoleAsync(server.Id, "ready\r\n");

        await node.TypeAsync(server.Id, "q");
        Assert.Equal(PowerStates.Stopped, (await node.Agent.WaitAsync(server.Id, 1, ServerStates.StoppedByGuest)).PowerState);

        node.Agent.Update((server with { Name = "renamed" }).At(2));
        await node.Agent.WaitAsync(server.Id, 2, ServerStates.StoppedByGuest);

        node.Agent.Update(server.Stopped().At(3));
        await node.Agent.WaitAsync(server.Id, 3, ServerStates.Converged);
        node.Agent.Update(server.At(4));
        await node.Agent.WaitAsync(server.Id, 4, ServerStates.Converged);
        await node.WaitForConsoleAsync(server.Id, "boot 2 ready");
    }

    [Fact]
    public async Task A_guest_whose_process_dies_is_reported_crashed_and_starts_by_a_reboot()
    {
        await using var node = await QemuNode.StartAsync();
        var server = node.NewServer();
        node.Agent.Update(server.At(1));
        await node.Agent.WaitAsync(server.Id, 1, ServerStates.Converged);

        await node.KillProcessAsync(server.Id);
        var crashed = await node.Agent.WaitAsync(server.Id, 1, ServerStates.StoppedByGuest);
        Assert.Equal(PowerStates.Crashed, crashed.PowerState);
        Assert.NotNull(node.Agent.StatusOf(server.Id)!.Fault);

        node.Agent.Update(server.With("op", OperationKinds.RebootHard).At(2));
        var again = await node.Agent.WaitAsync(server.Id, 2, ServerStates.Converged);
        Assert.Equal(["op"], again.CompletedOperations);
        Assert.Null(node.Agent.StatusOf(server.Id)!.Fault);
    }

    [Fact]
    public async Task Reboots_are_done_once_soft_ones_by_the_power_button()
    {
        await using var node = await QemuNode.StartAsync();
        var server = node.NewServer();
        node.Agent.Update(server.At(1));
        await node.Agent.WaitAsync(server.Id, 1, ServerStates.Converged);
        await node.WaitForConsoleAsync(server.Id, "boot 1 ready");

        server = server.With("soft", OperationKinds.RebootSoft);
        node.Agent.Update(server.At(2));
        Assert.Equal(["soft"], (await node.Agent.WaitAsync(server.Id, 2, ServerStates.Converged)).CompletedOperations);
        await node.WaitForConsoleAsync(server.Id, "boot 2 ready");
        Assert.Contains("bye", await node.ConsoleAsync(server.Id));

        server = server.With("hard", OperationKinds.RebootHard);
        node.Agent.Update(server.At(3));
        Assert.Equal(["soft", "hard"], (await node.Agent.WaitAsync(server.Id, 3, ServerStates.Converged)).CompletedOperations);
        await node.WaitForConsoleAsync(server.Id, "boot 3 ready");
        var console = await node.ConsoleAsync(server.Id);
        Assert.Equal(console.IndexOf("bye", StringComparison.Ordinal), console.LastIndexOf("bye", StringComparison.Ordinal));

        var process = node.StateOf(server.Id).Process;
        node.Agent.Update(server.At(4));
        await node.Agent.WaitAsync(server.Id, 4, ServerStates.Converged);
        Assert.Equal(process, node.StateOf(server.Id).Process);
    }

    [Fact]
    public async Task A_server_waits_for_its_ports_and_goes_on_when_they_come()
    {
        await using var node = await QemuNode.StartAsync(_ => MemoryFiles.Create("not a device"));
        var server = node.NewServer() with { PortIds = ["port"] };

        node.Agent.Update(server.At(1));
        await node.Agent.WaitAsync(server.Id, 1, ServerStates.Building, details => details.Progress == "waiting for ports");

        // The descriptor is no TAP device, so QEMU refuses to start: the port was taken up.
        node.Ports.Set("port", new("tap0", "fa:16:3e:00:00:01", 1450));
        await node.Agent.WaitAsync(server.Id, 1, ServerStates.Error);
    }

    [Fact]
    public async Task What_QEMU_refuses_is_an_error_and_leaves_no_process()
    {
        await using var node = await QemuNode.StartAsync();
        var server = node.NewServer() with { Vcpus = 100_000 };

        node.Agent.Update(server.At(1));
        await node.Agent.WaitAsync(server.Id, 1, ServerStates.Error);
        Assert.Null(node.StateOf(server.Id).Process);

        node.Agent.Update((server with { Vcpus = 2 }).At(2));
        await node.Agent.WaitAsync(server.Id, 2, ServerStates.Converged);
    }

    [Fact]
    public async Task A_flooding_guest_fills_no_disk_and_still_stops()
    {
        await using var node = await QemuNode.StartAsync();
        var server = node.NewServer();
        node.Agent.Update(server.At(1));
        await node.Agent.WaitAsync(server.Id, 1, ServerStates.Converged);
        await node.WaitForConsoleAsync(server.Id, "ready\r\n");
        await node.TypeAsync(server.Id, "f");

        // More than is kept.
        await using (var serial = node.Agent.Fleet.OpenSerial(server.Id)!)
            await ReadTextAsync(serial, 600 * 1024);

        var kept = new[] { "console.log", "console.log.1" }.Sum(file => new FileInfo(node.PathOf(server.Id, file)).Length);
        Assert.InRange(kept, 1, 512 * 1024);
        node.Agent.Update();
        await node.Agent.WaitGoneAsync(server.Id);
    }

    private static async Task<string> ReadTextAsync(Stream stream, int length)
    {
        using var deadline = new CancellationTokenSource(TestFleet.Deadline);
        var buffer = new byte[length];
        await stream.ReadExactlyAsync(buffer, deadline.Token);
        return System.Text.Encoding.ASCII.GetString(buffer);
    }
}
