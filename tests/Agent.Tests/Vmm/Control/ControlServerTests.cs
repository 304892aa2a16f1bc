using System.Text;
using System.Text.Json;
using Appliance.Agent.Tests.Vmm.Machine;
using Appliance.Linux.Libc;
using Appliance.Vmm.Control;
using Appliance.Vmm.Events;
using Appliance.Vmm.Machine;
using Appliance.Vmm.Virtio.Balloon;

namespace Appliance.Agent.Tests.Vmm.Control;

/// <summary>The control socket of a real machine, by its own client.</summary>
public sealed class ControlServerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("control").FullName;
    private readonly EventLoop _loop = new("control");
    private readonly ControlCommands _commands = new();
    private readonly CountingMachine _guest;
    private readonly ControlServer _server;

    public ControlServerTests()
    {
        Assert.SkipUnless(CountingMachine.Obstacle is null, CountingMachine.Obstacle ?? "");
        _guest = new CountingMachine(cpus: 2, machine => machine.Add(new VirtioBalloon(machine.Memory), _loop, "balloon"));
        new MachineCommands(_guest.Machine).AddTo(_commands);
        _server = new ControlServer(_loop, UnixSockets.Listen(_folder, "socket"), "1.2.3", _commands);
        _guest.Machine.StateChanged = state => _server.Announce("state", line => line.WriteString("state"u8, MachineCommands.NameOf(state)));
        _loop.Start();
    }

    private string SocketPath => Path.Combine(_folder, "socket");

    public void Dispose()
    {
        _loop.Stop();
        _guest?.Dispose();
        _loop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_client_is_greeted_with_the_protocols_version()
    {
        using var client = ControlClient.Connect(SocketPath);
        var hello = Read(client);
        Assert.Equal("appliance-vmm", hello.GetProperty("hello").GetString());
        Assert.Equal(ControlProtocol.Major, hello.GetProperty("protocol").GetInt32());
        Assert.Equal("1.2.3", hello.GetProperty("version").GetString());
    }

    [Fact]
    public void A_machine_is_resumed_paused_and_asked_about_and_subscribers_hear_of_it()
    {
        using var client = Connect();
        using var subscriber = Connect();
        Assert.Equal("{}", Ask(subscriber, """{"id":1,"command":"subscribe"}""").GetProperty("result").GetRawText());
        Assert.Equal("made", Ask(client, """{"id":2,"command":"query"}""").GetProperty("result").GetProperty("state").GetString());

        Assert.Equal("{}", Ask(client, """{"id":3,"command":"resume"}""").GetProperty("result").GetRawText());
        CountingMachine.WaitBeyond(_guest.Machine, 0);
        Assert.Equal("running", Read(subscriber).GetProperty("state").GetString());
        Assert.Equal("{}", Ask(client, """{"id":4,"command":"pause"}""").GetProperty("result").GetRawText());
        Assert.Equal("paused", Read(subscriber).GetProperty("state").GetString());
        ulong counted = _guest.Counter;

        var answer = Ask(client, """{"id":5,"command":"query"}""");
        Assert.Equal(5, answer.GetProperty("id").GetInt64());
        var result = answer.GetProperty("result");
        Assert.Equal("paused", result.GetProperty("state").GetString());
        Assert.Equal(2, result.GetProperty("cpus").GetArrayLength());
        Assert.Equal((long)CountingMachine.MemoryBytes, result.GetProperty("memoryBytes").GetInt64());
        var balloon = Assert.Single(result.GetProperty("devices").EnumerateArray());
        Assert.Equal(("balloon", "balloon", 0L), (balloon.GetProperty("name").GetString(), balloon.GetProperty("kind").GetString(), balloon.GetProperty("metrics").GetProperty("inflatedPages").GetInt64()));
        Assert.Equal(counted, _guest.Counter);
    }

    [Fact]
    public void What_is_wrong_is_answered_with_its_code_and_the_connection_goes_on()
    {
        using var client = Connect();
        (string Line, string Code)[] mistakes =
        [
            ("pause", "bad-request"),
            ("[1]", "bad-request"),
            ("{}", "bad-request"),
            ("""{"command":"pause"} x""", "bad-request"),
            ("""{"command":["pause"]}""", "bad-request"),
            ("""{"id":"1","command":"pause"}""", "bad-request"),
            ("""{"id":1.5,"command":"pause"}""", "bad-request"),
            ("""{"command":"balloon"}""", "bad-request"),
            ("""{"command":"balloon","mebibytes":33}""", "bad-request"),
            ("""{"command":"balloon","mebibytes":"1"}""", "bad-request"),
            ("""{"command":"balloon","mebibytes":{}}""", "bad-request"),
            ("""{"command":"\ud800"}""", "bad-request"),
            ("""{"command":"fly"}""", "unknown-command"),
            ("""{"command":"disk-resized","device":"disk0"}""", "not-found"),
        ];
        foreach (var (line, code) in mistakes)
            Assert.Equal((line, code), (line, Ask(client, line).GetProperty("error").GetProperty("code").GetString()));
        Assert.Equal(77, Ask(client, """{"id":77,"command":"balloon","mebibytes":8}""").GetProperty("id").GetInt64());
    }

    [Fact]
    public void A_machine_that_has_ended_says_so()
    {
        using var client = Connect();
        Assert.Equal("{}", Ask(client, """{"command":"reset"}""").GetProperty("result").GetRawText());
        Assert.Equal("wrong-state", Ask(client, """{"command":"resume"}""").GetProperty("error").GetProperty("code").GetString());
        Assert.Equal("ended", Ask(client, """{"command":"query"}""").GetProperty("result").GetProperty("state").GetString());
        Assert.Equal(MachineEnd.Reset, _guest.Machine.EndReason);
    }

    [Fact]
    public void Descriptors_come_with_their_request_and_are_closed_after_it()
    {
        Fd? kept = null;
        byte[] content = new byte[3];
        _commands.Add("read", (request, result) =>
        {
            if (request.CheckDescriptors(2) is { } error)
                return error;
            kept = request.Descriptors[0];
            FileData.TryReadAt(request.Descriptors[1], 0, content);
            return null;
        });
        using var first = MemoryFiles.Create("first");
        using var second = MemoryFiles.Create("second");
        FileData.WriteAt(second, 0, [7, 8, 9]);
        using var client = Connect();

        Assert.Equal("bad-request", Ask(client, """{"command":"read"}""").GetProperty("error").GetProperty("code").GetString());
        Assert.Equal("{}", Ask(client, """{"command":"read"}""", first, second).GetProperty("result").GetRawText());
        Assert.Equal([7, 8, 9], content);
        Assert.True(kept!.IsClosed);
        Assert.Equal("bad-request", Ask(client, """{"command":"read"}""").GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public void A_promised_answer_comes_when_it_is_kept_and_others_are_served_meanwhile()
    {
        ControlPromise? promise = null;
        _commands.Add("long", (request, _) =>
        {
            promise = request.Defer();
            return null;
        });
        _commands.Add("finish", () =>
        {
            promise!.Keep(null, static result => result.WriteNumber("bytes"u8, 5));
            return null;
        });
        using var client = Connect();
        Send(client, """{"id":1,"command":"long"}""");
        Send(client, """{"id":2,"command":"query"}""");
        Assert.Equal(2, Read(client).GetProperty("id").GetInt64());
        Send(client, """{"id":3,"command":"finish"}""");
        var answer = Read(client);
        Assert.Equal((1L, 5L), (answer.GetProperty("id").GetInt64(), answer.GetProperty("result").GetProperty("bytes").GetInt64()));
        Assert.Equal(3, Read(client).GetProperty("id").GetInt64());
    }

    [Fact]
    public void A_client_that_never_ends_its_line_or_never_reads_is_cut_off()
    {
        using var endless = Connect();
        endless.Send(new byte[ControlRequest.MaxLineBytes], []);
        Assert.Null(endless.Receive());

        using var deaf = Connect();
        Assert.Equal("{}", Ask(deaf, """{"command":"subscribe"}""").GetProperty("result").GetRawText());
        string text = new('x', 1000);
        for (int i = 0; i < 2000; i++)
            _server.Announce("noise", line => line.WriteString("text"u8, text));
        using var other = Connect();
        Assert.Equal("made", Ask(other, """{"command":"query"}""").GetProperty("result").GetProperty("state").GetString());
        int heard = 0;
        while (deaf.Receive() is not null)
            heard++;
        Assert.InRange(heard, 1, 1999);
    }

    private ControlClient Connect()
    {
        var client = ControlClient.Connect(SocketPath);
        _ = Read(client);
        return client;
    }

    private static JsonElement Ask(ControlClient client, string line, params Fd[] descriptors)
    {
        client.Send(Encoding.UTF8.GetBytes(line + "\n"), descriptors);
        return Read(client);
    }

    private static void Send(ControlClient client, string line) => client.Send(Encoding.UTF8.GetBytes(line + "\n"), []);

    private static JsonElement Read(ControlClient client) =>
        JsonDocument.Parse(client.Receive() ?? throw new InvalidOperationException("the connection was closed")).RootElement;
}
