using System.Text;
using System.Text.Json;
using Appliance.Agent.Tests.Vmm.Machine;
using Appliance.Linux.Libc;
using Appliance.Vmm.Control;
using Appliance.Vmm.Events;
using Appliance.Vmm.Machine;

namespace Appliance.Agent.Tests.Vmm.Control;

/// <summary>Devices that come and go by the control socket, with descriptors as an agent passes them.</summary>
public sealed class DeviceCommandsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("control").FullName;
    private readonly EventLoop _loop = new("control");
    private readonly CountingMachine _guest;
    private readonly DeviceLoops _loops;
    private readonly ControlServer _server;
    private readonly ControlClient _client;

    public DeviceCommandsTests()
    {
        Assert.SkipUnless(CountingMachine.Obstacle is null, CountingMachine.Obstacle ?? "");
        _guest = new CountingMachine(cpus: 1, static _ => { });
        _loops = new DeviceLoops(_guest.Machine);
        _loops.Start();
        var commands = new ControlCommands();
        new MachineCommands(_guest.Machine).AddTo(commands);
        new DeviceCommands(_guest.Machine, _loops).AddTo(commands);
        _server = new ControlServer(_loop, UnixSockets.Listen(_folder, "socket"), "1.2.3", commands);
        _loop.Start();
        _client = ControlClient.Connect(Path.Combine(_folder, "socket"));
        _ = _client.Receive();
    }

    public void Dispose()
    {
        _client?.Dispose();
        _loop.Stop();
        _loops?.Stop();
        _guest?.Dispose();
        _loops?.Dispose();
        _server?.Dispose();
        _loop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_disk_comes_under_its_name_and_leaves_when_it_may()
    {
        using var file = MemoryFiles.Create("disk", 1 << 20);
        Assert.Equal("{}", Result("""{"command":"attach-disk","device":"data","operationsPerSecond":100}""", file));
        Assert.Contains("\"name\":\"data\",\"kind\":\"block\"", Result("""{"command":"query"}"""), StringComparison.Ordinal);
        Assert.Equal("wrong-state", Error("""{"command":"attach-disk","device":"data"}""", file));
        Assert.Equal("{}", Result("""{"command":"detach","device":"data"}"""));
        Assert.Equal("not-found", Error("""{"command":"detach","device":"other"}"""));
    }

    /// <summary>With io_uring a disk's descriptor that must not wait fails what is not in memory yet.</summary>
    [Fact]
    public void A_disks_descriptor_may_wait_and_an_interfaces_may_not()
    {
        using var file = MemoryFiles.Create("disk", 1 << 20);
        UnixStreams.SetNonBlocking(file);
        Assert.True(IsNonBlocking(file));
        Assert.Equal("{}", Result("""{"command":"attach-disk","device":"data","readOnly":true}""", file));
        Assert.False(IsNonBlocking(file));
        Assert.Equal("failed", Error("""{"command":"attach-net","device":"nic","mac":"52:54:00:00:00:01"}""", file));
        Assert.True(IsNonBlocking(file));
    }

    [Fact]
    public void What_is_no_disk_or_no_interface_is_refused_and_nothing_is_added()
    {
        using var file = MemoryFiles.Create("disk", 1 << 20);
        Assert.Equal("bad-request", Error("""{"command":"attach-disk","device":"data"}"""));
        Assert.Equal("bad-request", Error("""{"command":"attach-disk","device":"data"}""", file, file));
        Assert.Equal("bad-request", Error("""{"command":"attach-disk","device":"data","bytesPerSecond":0}""", file));
        Assert.Equal("bad-request", Error("""{"command":"attach-disk"}""", file));
        Assert.Equal("bad-request", Error("""{"command":"attach-net","device":"nic","mac":"01:00:00:00:00:00"}""", file));
        Assert.Equal("bad-request", Error("""{"command":"attach-net","device":"nic","mac":"52-54-00-00-00-01"}""", file));
        Assert.Equal("failed", Error("""{"command":"attach-net","device":"nic","mac":"52:54:00:00:00:01"}""", file));
        Assert.Empty(_guest.Machine.Devices);
    }

    // O_NONBLOCK, asm-generic/fcntl.h, in the octal number that proc(5) shows.
    private static bool IsNonBlocking(Fd file)
    {
        string flags = File.ReadLines($"/proc/self/fdinfo/{file.Number}").First(static line => line.StartsWith("flags:", StringComparison.Ordinal));
        return (Convert.ToInt32(flags[6..].Trim(), 8) & 0x800) != 0;
    }

    private string Result(string line, params ReadOnlySpan<Fd> descriptors) => Ask(line, descriptors).GetProperty("result").GetRawText();

    private string? Error(string line, params ReadOnlySpan<Fd> descriptors) => Ask(line, descriptors).GetProperty("error").GetProperty("code").GetString();

    private JsonElement Ask(string line, ReadOnlySpan<Fd> descriptors)
    {
        _client.Send(Encoding.UTF8.GetBytes(line + "\n"), descriptors);
        return JsonDocument.Parse(_client.Receive()!).RootElement;
    }
}
