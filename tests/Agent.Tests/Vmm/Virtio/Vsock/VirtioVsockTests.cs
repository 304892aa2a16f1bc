using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Appliance.Vmm.Virtio.Vsock;

namespace Appliance.Agent.Tests.Vmm.Virtio.Vsock;

/// <summary>A driver in the test on one side, programs at Unix sockets on the other.</summary>
public sealed class VirtioVsockTests : IDisposable
{
    private const uint Cid = 7;
    private const uint GuestPort = 1234;
    private const uint HostPort = 52;
    private const uint RoomBytes = 4096;
    private const int Buffers = 8;

    private readonly string _folder = Directory.CreateTempSubdirectory("vsock").FullName;
    private readonly TestDriver _driver;
    private readonly Queue<ulong> _rooms = new();
    private readonly ulong _packetAt;

    public VirtioVsockTests()
    {
        _driver = new TestDriver(_ => new VirtioVsock(Cid, new VsockSockets(Path.Combine(_folder, "v.sock"))));
        _driver.Start();
        _packetAt = _driver.Buffer(new byte[80 * 1024]);
        for (int i = 0; i < Buffers; i++)
            GiveRoom(_driver.Buffer(new byte[RoomBytes]));
        _driver.Notify(0);
    }

    private VirtioVsock Device => (VirtioVsock)_driver.Device;

    public void Dispose()
    {
        _driver.Dispose();
        Directory.Delete(_folder, true);
    }

    [Fact]
    public void The_configuration_has_the_guests_address() => Assert.Equal((Cid, 0u), (_driver.Read(0x100), _driver.Read(0x104)));

    [Fact]
    public void A_program_of_the_host_reaches_a_port_of_the_guest_and_both_hear_of_the_end()
    {
        using var program = Connect();
        program.Send("CONNECT 1234\nearly"u8);
        var request = Next(VsockOperation.Request);
        Assert.Equal((VsockHeader.VMADDR_CID_HOST, (ulong)Cid, GuestPort, VsockCredit.OwnBytes), (request.src_cid, request.dst_cid, request.dst_port, request.buf_alloc));
        Send(VsockOperation.Response, request.src_port);
        Assert.Equal($"OK {request.src_port}\n", Read(program));
        Assert.Equal("early", NextData());

        Send(VsockOperation.Data, request.src_port, "from the guest"u8);
        Assert.Equal("from the guest", Read(program));
        program.Send("from the host"u8);
        Assert.Equal("from the host", NextData());

        program.Dispose();
        Assert.Equal(VsockShutdown.Both, Next(VsockOperation.Shutdown).flags);
        Send(VsockOperation.Reset, request.src_port);
        Assert.Equal(0, Device.ConnectionCount);
    }

    [Fact]
    public void A_program_of_the_guest_reaches_who_listens_at_the_ports_socket()
    {
        using var program = Accepted();
        Send(VsockOperation.Data, HostPort, "question"u8);
        Assert.Equal("question", Read(program));
        Send(VsockOperation.Shutdown, HostPort, flags: VsockShutdown.Send);
        Assert.Equal("", Read(program));
        program.Send("answer after the guest's end"u8);
        Assert.Equal("answer after the guest's end", NextData());
        Send(VsockOperation.Shutdown, HostPort, flags: VsockShutdown.Both);
        Next(VsockOperation.Reset);
        Assert.Equal(0, Device.ConnectionCount);
    }

    [Fact]
    public void What_the_host_wrote_before_it_went_away_still_arrives()
    {
        using var program = Accepted();
        program.Send("last words"u8);
        program.Dispose();
        Assert.Equal("last words", NextData());
        Assert.Equal(VsockShutdown.Both, Next(VsockOperation.Shutdown).flags);
    }

    [Fact]
    public void A_half_closed_host_still_reads()
    {
        using var program = Accepted();
        program.Shutdown(SocketShutdown.Send);
        Assert.Equal(VsockShutdown.Send, Next(VsockOperation.Shutdown).flags);
        Send(VsockOperation.Data, HostPort, "more"u8);
        Assert.Equal("more", Read(program));
    }

    [Fact]
    public void Nobody_at_a_port_is_a_reset()
    {
        Send(VsockOperation.Request, 99);
        var reset = Next(VsockOperation.Reset);
        Assert.Equal((99u, GuestPort), (reset.src_port, reset.dst_port));
    }

    [Fact]
    public void The_guest_may_send_what_the_host_has_room_for_and_is_told_of_more()
    {
        using var program = Accepted();
        byte[] chunk = new byte[32 * 1024];
        // The kernel's buffer takes some of it; what it does not take is the credit's.
        for (int i = 0; i < 64 && Device.ConnectionCount == 1; i++)
        {
            new Random(i).NextBytes(chunk);
            Send(VsockOperation.Data, HostPort, chunk);
            while (_driver.HasUsed(0))
                Assert.NotEqual(VsockOperation.Reset, TakePacket(out _).op);
            Send(VsockOperation.CreditRequest, HostPort);
            var update = Next(VsockOperation.CreditUpdate);
            if (32u * 1024 * (uint)(i + 1) - update.fwd_cnt < 32 * 1024 + 1)
                continue;

            // More than half of the credit is used up: what the program takes now is worth telling.
            byte[] all = new byte[32 * 1024 * (i + 1)];
            program.ReceiveTimeout = 5000;
            for (int got = 0; got < all.Length; _driver.Work())
                got += program.Receive(all, got, all.Length - got, SocketFlags.None);
            Assert.Equal(chunk, all[^chunk.Length..]);
            Assert.InRange(Next(VsockOperation.CreditUpdate).fwd_cnt, update.fwd_cnt + 1, (uint)all.Length);
            return;
        }

        Assert.Fail("the host's side took everything");
    }

    [Fact]
    public void A_guest_that_sends_more_than_its_credit_is_cut_off()
    {
        using var program = Accepted();
        byte[] chunk = new byte[48 * 1024];
        var heard = VsockOperation.CreditUpdate;
        for (int i = 0; i < 100 && heard == VsockOperation.CreditUpdate; i++)
        {
            Send(VsockOperation.Data, HostPort, chunk);
            while (_driver.HasUsed(0) && heard == VsockOperation.CreditUpdate)
                heard = TakePacket(out _).op;
        }

        Assert.Equal((VsockOperation.Reset, 0, true), (heard, Device.ConnectionCount, Device.IsActive));
    }

    [Fact]
    public void The_host_sends_no_more_than_the_guest_has_room_for()
    {
        using var program = Accepted(credit: 10);
        program.Send("0123456789abcdef"u8);
        Assert.Equal("0123456789", NextData());
        Next(VsockOperation.CreditRequest);
        Assert.False(_driver.HasUsed(0));
        Send(VsockOperation.CreditUpdate, HostPort, credit: 10, forwarded: 4);
        Assert.Equal("abcd", NextData());
        // Counters that make no sense are no credit.
        Send(VsockOperation.CreditUpdate, HostPort, credit: 10, forwarded: 4000);
        Next(VsockOperation.CreditRequest);
        Assert.False(_driver.HasUsed(0));
        Send(VsockOperation.CreditUpdate, HostPort, credit: uint.MaxValue, forwarded: 14);
        Assert.Equal("ef", NextData());
    }

    [Theory]
    [InlineData("HELLO\n")]
    [InlineData("CONNECT \n")]
    [InlineData("CONNECT -1\n")]
    [InlineData("CONNECT 4294967296\n")]
    [InlineData("CONNECT 12345678901234567890")]
    public void A_wrong_greeting_ends_the_connection(string greeting)
    {
        using var program = Connect();
        program.Send(Encoding.ASCII.GetBytes(greeting));
        _driver.Work();
        Assert.Equal(SocketError.ConnectionReset, Assert.Throws<SocketException>(() => Read(program)).SocketErrorCode);
        Assert.False(_driver.HasUsed(0));
        Assert.Equal(0, Device.ConnectionCount);
    }

    [Fact]
    public void A_greeting_may_come_in_pieces()
    {
        using var program = Connect();
        foreach (string part in new[] { "CON", "NECT 12", "34\n" })
        {
            program.Send(Encoding.ASCII.GetBytes(part));
            _driver.Work();
        }

        Assert.Equal(GuestPort, Next(VsockOperation.Request).dst_port);
    }

    [Fact]
    public void A_guest_that_does_not_answer_is_given_up()
    {
        using var program = Connect();
        program.Send("CONNECT 1234\n"u8);
        Next(VsockOperation.Request);
        var due = DateTime.UtcNow.AddSeconds(6);
        while (!_driver.HasUsed(0) && DateTime.UtcNow < due)
            _driver.Loop.RunOnce(100);
        Next(VsockOperation.Reset);
        Assert.Equal("", Read(program));
    }

    [Theory]
    [InlineData((ushort)VsockOperation.Request)]
    [InlineData((ushort)VsockOperation.Response)]
    [InlineData((ushort)0)]
    [InlineData((ushort)9)]
    public void What_makes_no_sense_in_a_connection_ends_it(ushort operation)
    {
        using var program = Accepted();
        Send((VsockOperation)operation, HostPort);
        Next(VsockOperation.Reset);
        Assert.Equal("", Read(program));
        Assert.Equal((0, true), (Device.ConnectionCount, Device.IsActive));
    }

    [Fact]
    public void Packets_that_are_not_the_guests_or_not_whole_are_dropped()
    {
        var header = Header(VsockOperation.Request, 99);
        SendRaw(header with { src_cid = Cid + 1 }, []);
        SendRaw(header with { dst_cid = 1 }, []);
        SendRaw(header with { len = 1 }, []);
        _driver.Exchange(1, (_packetAt, VsockHeader.Bytes - 1, false));
        _driver.Exchange(1, (_packetAt, VsockHeader.Bytes, true));
        Assert.False(_driver.HasUsed(0));
        Assert.Equal(5, Device.Metrics.DroppedPackets);
        SendRaw(header with { type = 2 }, []);
        Assert.Equal(2, Next(VsockOperation.Reset).type);
    }

    [Fact]
    public void A_reset_of_the_device_ends_all_connections()
    {
        using var program = Accepted();
        _driver.Start();
        Assert.Equal("", Read(program));
        Assert.Equal(0, Device.ConnectionCount);
    }

    [Fact]
    public void Refusals_wait_for_the_guests_buffers_and_none_is_lost()
    {
        const int wanted = 200;
        int refused = 0;
        for (uint i = 0; i < wanted; i++)
        {
            _driver.Memory.TryWrite(_packetAt, Header(VsockOperation.Request, 1000 + i));
            _driver.Offer(1, (_packetAt, VsockHeader.Bytes, false));
            _driver.Notify(1);
            if (_driver.HasUsed(1))
                _driver.TakeUsed(1);
            else
                for (; _driver.HasUsed(0); refused++)
                    TakePacket(out _);
        }

        for (; _driver.HasUsed(0); refused++)
            TakePacket(out _);
        Assert.Equal(wanted, refused);
    }

    private Socket Connect()
    {
        var program = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 5000 };
        program.Connect(new UnixDomainSocketEndPoint(Path.Combine(_folder, "v.sock")));
        return program;
    }

    // A connection that the guest began, from the host's side.
    private Socket Accepted(uint credit = 1 << 20)
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(_folder, $"v.sock_{HostPort}")));
        listener.Listen();
        Send(VsockOperation.Request, HostPort, credit: credit);
        Assert.Equal(HostPort, Next(VsockOperation.Response).src_port);
        var program = listener.Accept();
        program.ReceiveTimeout = 5000;
        return program;
    }

    private static VsockHeader Header(VsockOperation operation, uint hostPort) => new()
    {
        src_cid = Cid,
        dst_cid = VsockHeader.VMADDR_CID_HOST,
        src_port = GuestPort,
        dst_port = hostPort,
        type = VsockHeader.VIRTIO_VSOCK_TYPE_STREAM,
        op = operation,
    };

    private void Send(
        VsockOperation operation, uint hostPort, ReadOnlySpan<byte> data = default, VsockShutdown flags = 0, uint credit = 1 << 20, uint forwarded = 0) =>
        SendRaw(Header(operation, hostPort) with { len = (uint)data.Length, flags = flags, buf_alloc = credit, fwd_cnt = forwarded }, data);

    private void SendRaw(VsockHeader header, ReadOnlySpan<byte> data)
    {
        _driver.Memory.TryWrite(_packetAt, header);
        data.CopyTo(_driver.Memory.Slice(_packetAt + VsockHeader.Bytes, (uint)data.Length));
        // Cut where no driver cuts: the header in two, the data with its end.
        _driver.Exchange(1, (_packetAt, 10, false), (_packetAt + 10, VsockHeader.Bytes - 10 + (uint)data.Length, false));
    }

    private string Read(Socket program)
    {
        _driver.Work();
        byte[] room = new byte[4096];
        return Encoding.ASCII.GetString(room, 0, program.Receive(room));
    }

    private VsockHeader Next(VsockOperation operation)
    {
        var header = TakePacket(out _);
        Assert.Equal(operation, header.op);
        return header;
    }

    private string NextData()
    {
        var header = TakePacket(out byte[] data);
        Assert.Equal((VsockOperation.Data, (uint)data.Length), (header.op, header.len));
        return Encoding.ASCII.GetString(data);
    }

    private VsockHeader TakePacket(out byte[] data)
    {
        _driver.Work();
        uint written = _driver.TakeUsed(0).Written;
        ulong room = _rooms.Dequeue();
        Assert.InRange(written, VsockHeader.Bytes, RoomBytes);
        var header = MemoryMarshal.Read<VsockHeader>(_driver.Memory.Slice(room, VsockHeader.Bytes));
        data = _driver.Memory.Slice(room + VsockHeader.Bytes, written - VsockHeader.Bytes).ToArray();
        GiveRoom(room);
        _driver.Notify(0);
        return header;
    }

    private void GiveRoom(ulong room)
    {
        _rooms.Enqueue(room);
        _driver.Offer(0, (room, RoomBytes, true));
    }
}
