using Appliance.Agent.Compute;
using Appliance.Agent.Faults;
using Appliance.Linux.Devices;
using Appliance.Linux.Libc;
using Appliance.Linux.Namespaces;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Tests.Compute;

/// <summary>The product's own guest image, when it has been built, with every kind of device.</summary>
public sealed class RealGuestTests : IDisposable
{
    private readonly NetworkNamespace _network = NetworkNamespace.Ensure($"guest-{Guid.NewGuid():N}"[..14]);

    public void Dispose()
    {
        _network.Dispose();
        NetworkNamespace.Delete(_network.Name);
    }

    [Fact]
    public async Task A_real_guest_boots_from_its_disk_with_all_devices_and_obeys_its_power_button()
    {
        await using var node = await QemuNode.StartAsync(OpenTap);
        var server = Servers.New(node.Images.Add(await ReadAsync("guest.qcow2"), "qcow2")) with
        {
            MemoryMiB = 192,
            RootDiskGiB = 1,
            EphemeralDiskGiB = 1,
            SwapMiB = 8,
            ConfigDrive = true,
            PortIds = ["port"],
        };
        AddPort(node);

        node.Agent.Update(server.At(1));
        await node.Agent.WaitAsync(server.Id, 1, ServerStates.Converged);
        await node.WaitForConsoleAsync(server.Id, "login:");

        node.Agent.Update(server.Stopped().At(2));
        await node.Agent.WaitAsync(server.Id, 2, ServerStates.Converged);
        Assert.Contains("Power down", await node.ConsoleAsync(server.Id));
    }

    [Fact]
    public async Task A_real_guest_boots_a_kernel_directly()
    {
        await using var node = await QemuNode.StartAsync(OpenTap);
        var properties = new Dictionary<string, string> { ["os_command_line"] = "root=LABEL=guest-root console=ttyS0 direct-boot" };
        var image = node.Images.Add(await ReadAsync("guest.qcow2"), "qcow2", properties) with
        {
            Kernel = node.Images.Add(await ReadAsync("guest-vmlinuz")),
            Ramdisk = node.Images.Add(await ReadAsync("guest-initrd")),
        };
        var server = Servers.New(image) with { MemoryMiB = 192, PortIds = ["port"] };
        AddPort(node);

        node.Agent.Update(server.At(1));
        await node.Agent.WaitAsync(server.Id, 1, ServerStates.Converged);

        await node.WaitForConsoleAsync(server.Id, "direct-boot");
        await node.WaitForConsoleAsync(server.Id, "login:");
    }

    private static async Task<byte[]> ReadAsync(string file)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Appliance.sln")))
            folder = folder.Parent;
        var path = Path.Combine(folder?.FullName ?? "", "out", file);
        Assert.SkipUnless(File.Exists(path), $"out/{file} has not been built (scripts/build)");
        return await File.ReadAllBytesAsync(path);
    }

    private void AddPort(QemuNode node)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can make network devices");
        _network.Run(() => TapDevice.EnsurePersistent("tap0", null, null));
        node.Ports.Set("port", new("tap0", "fa:16:3e:00:00:01", 1450));
    }

    private Outcome<Fd> OpenTap(string name) => _network.Run(() => PortTaps.Open(name));
}
