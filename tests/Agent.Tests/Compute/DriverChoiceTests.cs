using Appliance.Agent.Compute;
using Appliance.Agent.Compute.Kvm;
using Appliance.Agent.Faults;
using Appliance.Protocol.Documents;
using Appliance.Protocol.Link;

namespace Appliance.Agent.Tests.Compute;

/// <summary>Which driver runs what, and why not.</summary>
public sealed class DriverChoiceTests
{
    private static readonly Dictionary<string, IServerDriver> Both = new()
    {
        ["kvm"] = new Driver("kvm", null, KvmRequirements.FindObstacle),
        ["qemu"] = new Driver("qemu", null, static _ => null),
    };

    [Fact]
    public void Ordinary_images_run_where_the_node_prefers() => Assert.Equal("kvm", Choose(Servers.New(Image())));

    [Theory]
    [InlineData("hw_machine_type", "q35")]
    [InlineData("hw_firmware_type", "uefi")]
    [InlineData("hw_disk_bus", "scsi")]
    [InlineData("hw_vif_model", "e1000")]
    [InlineData("hw_video_model", "qxl")]
    [InlineData("os_type", "windows")]
    public void An_image_that_needs_more_falls_to_the_driver_that_has_it_and_the_fault_says_what(string property, string value)
    {
        var server = Servers.New(Image((property, value)));
        Assert.Equal("qemu", Choose(server));

        Dictionary<string, IServerDriver> broken = new(Both) { ["qemu"] = new Driver("qemu", "QEMU is not installed.", static _ => null) };
        Assert.True(DriverChoice.Choose(server, "kvm", broken).Failed(out var fault, out _));
        Assert.Contains(property, fault.Text, StringComparison.Ordinal);
        Assert.Contains("QEMU is not installed", fault.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hw_machine_type", "microvm")]
    [InlineData("hw_disk_bus", "virtio")]
    [InlineData("hw_firmware_type", "bios")]
    public void What_the_monitor_has_may_be_asked_for(string property, string value) => Assert.Equal("kvm", Choose(Servers.New(Image((property, value)))));

    [Fact]
    public void Windows_with_virtio_drivers_runs() => Assert.Equal("kvm", Choose(Servers.New(Image(("os_type", "windows"), ("hw_disk_bus", "virtio")))));

    [Fact]
    public void Documents_flavors_and_images_name_a_driver_in_this_order()
    {
        var byImage = Servers.New(Image((DriverChoice.ImageProperty, "qemu")));
        Assert.Equal("qemu", Choose(byImage));
        var byFlavor = byImage with { ExtraSpecs = new Dictionary<string, string> { [DriverChoice.ExtraSpec] = "kvm" } };
        Assert.Equal("kvm", Choose(byFlavor));
        Assert.Equal("qemu", Choose(byFlavor with { Driver = "qemu" }));
    }

    [Fact]
    public void A_driver_that_was_asked_for_is_not_replaced()
    {
        var server = Servers.New(Image(("hw_machine_type", "q35")), "kvm");
        Assert.True(DriverChoice.Choose(server, "qemu", Both).Failed(out var fault, out _));
        Assert.Contains("q35", fault.Text, StringComparison.Ordinal);
        Assert.True(DriverChoice.Choose(Servers.New(null, "xen"), "qemu", Both).Failed(out fault, out _));
        Assert.Contains("no driver xen; it has kvm, qemu", fault.Text, StringComparison.Ordinal);
    }

    private static string Choose(ServerDocument server)
    {
        Assert.False(DriverChoice.Choose(server, "kvm", Both).Failed(out var fault, out var driver), fault?.Text);
        return driver!.Report.Name;
    }

    private static ImageDocument Image(params (string Name, string Value)[] properties) =>
        new("image", "00", 1, "raw", null, null, properties.ToDictionary(static pair => pair.Name, static pair => pair.Value));

    private sealed class Driver(string name, string? unusable, Func<ServerDocument, string?> findObstacle) : IServerDriver
    {
        public DriverReport Report { get; } = new(name, unusable is null, unusable, null, "none");

        public bool HasDevices => true;

        public string? FindObstacle(ServerDocument server) => findObstacle(server);

        public Task<IGuest?> AdoptAsync(ServerRecord server, CancellationToken ct) => Task.FromResult<IGuest?>(null);

        public Task<Outcome<IGuest>> StartAsync(GuestStart start, CancellationToken ct) => throw new InvalidOperationException("nothing runs here");

        public Task<byte[]> ReadConsoleLogAsync(ServerRecord server, int maxBytes, CancellationToken ct) => Task.FromResult(Array.Empty<byte>());
    }
}
