using System.Net.Sockets;
using Appliance.Agent.Tests.Linux;
using Appliance.Linux.Devices;
using Appliance.Linux.Libc;
using Appliance.Vmm.Memory;
using Appliance.Vmm.Serial;
using Appliance.Vmm.Virtio;
using Appliance.Vmm.Virtio.Balloon;
using Appliance.Vmm.Virtio.Block;
using Appliance.Vmm.Virtio.Console;
using Appliance.Vmm.Virtio.Entropy;
using Appliance.Vmm.Virtio.Net;
using Appliance.Vmm.Virtio.RateLimits;
using Appliance.Vmm.Virtio.Vsock;
using CsCheck;

namespace Appliance.Agent.Tests.Vmm.Virtio;

/// <summary>
/// Drivers that write anything anywhere. What must hold: no exception, no access outside of guest memory (the guard areas would end this
/// process), every call returns, and after a reset the device works. A run of a million sequences, 100,000 against each of ten devices:
/// <c>APPLIANCE_FUZZ_ITERATIONS=100000 nice tests/Agent.Tests/bin/Debug/net10.0/Agent.Tests --filter-class '*.HostileDriverTests'</c>.
/// </summary>
public sealed class HostileDriverTests
{
    private static readonly long Iterations =
        long.TryParse(Environment.GetEnvironmentVariable("APPLIANCE_FUZZ_ITERATIONS"), CultureInfo.InvariantCulture, out long wanted) ? wanted : 3000;

    private static readonly ulong[] InterestingAddresses =
    [
        0, 1, 0x10000, 0x10010, 0x11000, 0x12000, 0x14000, 0x80000, 0xFF000, 0xFFFF0, 0xFFFFF, TestDriver.MemoryBytes, MemoryLayout.HoleEnd,
        ulong.MaxValue, ulong.MaxValue - 15, long.MaxValue,
    ];

    private static readonly uint[] InterestingLengths = [0, 1, 15, 16, 17, 32, 512, 4096, 0x10000, 0x100000, int.MaxValue, 0x8000_0000, uint.MaxValue];

    /// <summary>One thing that a driver does.</summary>
    private enum Deed
    {
        Register,
        Descriptor,
        Available,
        Index,
        Notify,
        Start,
        Bytes,
        Work,
    }

    private readonly record struct Step(Deed Deed, int Where, ulong Value, uint Length, ushort Flags);

    private static readonly Gen<Step> Steps = Gen.Select(
        Gen.Enum<Deed>(),
        Gen.Int[0, 300],
        Gen.OneOf(Gen.Int[0, InterestingAddresses.Length - 1].Select(static i => InterestingAddresses[i]), Gen.ULong[0, TestDriver.MemoryBytes], Gen.ULong[0, 20]),
        Gen.OneOf(Gen.Int[0, InterestingLengths.Length - 1].Select(static i => InterestingLengths[i]), Gen.UInt[0, 5000]),
        Gen.OneOf(Gen.UShort[0, 7], Gen.UShort),
        static (deed, where, value, length, flags) => new Step(deed, where, value, length, flags));

    [Fact]
    public void Against_a_queue() => Attack(static _ => new EchoDevice());

    [Fact]
    public void Against_a_disk() => Attack(static _ => new VirtioBlock(MemoryFiles.Create("disk", 1 << 20), false, "disk"));

    [Fact]
    public void Against_a_disk_without_io_uring() => Attack(static _ => new VirtioBlock(MemoryFiles.Create("disk", 1 << 20), false, "disk", usesUring: false));

    [Fact]
    public void Against_a_disk_that_is_limited_and_changes_its_length() => Attack(
        static (_, _) => new VirtioBlock(MemoryFiles.Create("disk", 1 << 20), false, "disk", limit: new RateLimit(new Rate(5000, 4), new Rate(1 << 22, 4096))),
        static device => ((VirtioBlock)device).Resize());

    [Fact]
    public void Against_a_network_interface()
    {
        using var network = new TestNamespace();
        network.Run(() =>
        {
            TapDevice.EnsurePersistent("tap0", null, null);
            Assert.Equal(Errno.None, TapQueue.TryOpen("tap0", out var tap));
            using var wire = OpenWire(network);
            byte[] frame = [0x52, 0x54, 0, 9, 9, 9, 0x52, 0x54, 0, 1, 2, 3, 0x88, 0xB5, .. new byte[1000]];
            var limit = new RateLimit(new Rate(10_000, 4), null);
            Attack(
                (_, _) => new VirtioNet(tap!, [0x52, 0x54, 0, 1, 2, 3], 1500, limit, limit),
                _ => Files.TryWrite(wire, frame, out int _));
        });
    }

    [Fact]
    public void Against_random_numbers() => Attack(static _ => new VirtioEntropy());

    [Fact]
    public void Against_a_balloon() => Attack(static (memory, _) => new VirtioBalloon(memory), static device =>
    {
        var balloon = (VirtioBalloon)device;
        balloon.SetTarget(5);
        balloon.RequestStatistics();
    });

    [Fact]
    public void Against_a_console()
    {
        using var sink = Files.Open("/dev/null", Files.O_WRONLY);
        Attack((_, loop) => new VirtioConsole(new OutputPump(sink, loop)), static device => ((VirtioConsole)device).Receive("typed"u8));
    }

    [Fact]
    public void Against_sockets() => WithSockets(static path => Attack(_ => new VirtioVsock(7, new VsockSockets(path))));

    /// <summary>Whole packets with any header, to and from ports where somebody listens, reads nothing, and hangs up at will.</summary>
    [Fact]
    public void Against_sockets_in_whole_packets() => WithSockets(static path =>
    {
        const uint port = 5;
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint($"{path}_{port}"));
        listener.Listen(64);
        listener.Blocking = false;
        using var driver = new TestDriver(_ => new VirtioVsock(7, new VsockSockets(path)));
        var programs = new List<Socket>();
        var device = (VirtioVsock)driver.Device;
        Gen.Select(Gen.UShort[0, 9], Gen.UInt[0, 3], Gen.UInt[0, 9], Gen.OneOf(Gen.UInt[0, 70000], Gen.UInt), Gen.UInt, Gen.UInt[0, 5000]).Array[1, 80].Sample(packets =>
        {
            driver.Start(queueSize: 16);
            ulong area = TestDriver.QueueArea(3);
            int[] offered = [0, 0];
            foreach (var (op, source, action, length, credit, room) in packets)
            {
                var header = new VsockHeader
                {
                    src_cid = 7,
                    dst_cid = VsockHeader.VMADDR_CID_HOST,
                    src_port = source,
                    dst_port = action == 0 ? 6u : port,
                    len = length,
                    type = (ushort)(action == 1 ? 2 : 1),
                    op = (VsockOperation)op,
                    flags = (VsockShutdown)(credit & 7),
                    buf_alloc = credit,
                    fwd_cnt = credit >> 3,
                };
                driver.Memory.TryWrite(area, header);
                if (offered[1]++ < 8)
                    driver.Offer(1, (area, VsockHeader.Bytes, false), (area, Math.Min(length, 70000), false));
                if (offered[0]++ < 8)
                    driver.Offer(0, (area + 0x14000, room, true));
                for (int queue = 0; queue < 2; queue++)
                {
                    driver.Notify(queue);
                    offered[queue] = Math.Min(offered[queue], 8);
                    for (; driver.HasUsed(queue); offered[queue]--)
                        driver.TakeUsed(queue);
                }

                if (action == 2 && TryAccept(listener) is { } program)
                    programs.Add(program);
                if (action == 3 && programs.Count > 0)
                    Hang(programs, (int)(credit % (uint)programs.Count));
                if (action == 4 && programs.Count > 0)
                    TrySend(programs[^1]);
            }

            bool holds = device.ConnectionCount <= VsockTable.MaxConnections && device.IsActive;
            driver.Start();
            while (programs.Count > 0)
                Hang(programs, 0);
            while (TryAccept(listener) is { } left)
                left.Dispose();
            return holds && device.IsActive && device.ConnectionCount == 0;
        }, iter: Iterations / 4, threads: 1);
    });

    private static Fd OpenWire(TestNamespace network)
    {
        network.Exec("ip link set tap0 up");
        Assert.True(PacketSocket.TryOpen(Interfaces.IndexOf("tap0"), [new SockFilter(PacketSocket.BPF_RET_K, 0, 0, 0)], 1 << 20, out var wire, out _));
        return wire!;
    }

    private static void WithSockets(Action<string> attack)
    {
        string folder = Directory.CreateTempSubdirectory("vsock").FullName;
        attack(Path.Combine(folder, "v.sock"));
        Directory.Delete(folder, true);
    }

    private static Socket? TryAccept(Socket listener)
    {
        if (!listener.Poll(0, SelectMode.SelectRead))
            return null;
        var program = listener.Accept();
        program.Blocking = false;
        return program;
    }

    private static void Hang(List<Socket> programs, int index)
    {
        programs[index].Dispose();
        programs.RemoveAt(index);
    }

    private static void TrySend(Socket program) => program.Send(new byte[3000], 0, 3000, SocketFlags.None, out _);

    private static void Attack(Func<GuestMemory, VirtioDevice> make) => Attack((memory, _) => make(memory), static _ => { });

    private static void Attack(Func<GuestMemory, Appliance.Vmm.Events.EventLoop, VirtioDevice> make, Action<VirtioDevice> poke)
    {
        using var driver = new TestDriver(make);
        Steps.Array[1, 60].Sample(steps =>
        {
            driver.Start(queueSize: 16);
            foreach (var step in steps)
            {
                Do(driver, step);
                poke(driver.Device);
            }

            driver.Work();
            driver.Start();
            return driver.Device.IsActive;
        }, iter: Iterations, threads: 1);
    }

    private static void Do(TestDriver driver, Step step)
    {
        int queue = step.Where % driver.Device.Queues.Length;
        ulong area = TestDriver.QueueArea(queue);
        switch (step.Deed)
        {
            case Deed.Register:
                WriteRegister(driver, step);
                break;
            case Deed.Descriptor:
                driver.WriteDescriptor(area + (ulong)(step.Where % 16) * 16, step.Value, step.Length, step.Flags, (ushort)(step.Length % 18));
                break;
            case Deed.Available:
                driver.MakeAvailable(queue, (ushort)(step.Where % 18));
                break;
            case Deed.Index:
                driver.Memory.TryWrite(area + 0x1000 + 2, (ushort)step.Value);
                break;
            case Deed.Notify:
                driver.Notify(queue);
                break;
            case Deed.Start when step.Where % 8 == 0:
                driver.Start(step.Value | (1UL << VirtioConstants.VIRTIO_F_INDIRECT_DESC), 16);
                break;
            case Deed.Bytes:
                driver.Memory.TryWrite(step.Value % TestDriver.MemoryBytes, step.Length);
                break;
            case Deed.Work:
                driver.Work();
                break;
        }
    }

    // Any register, any width, aligned or not.
    private static void WriteRegister(TestDriver driver, Step step)
    {
        Span<byte> data = stackalloc byte[8];
        BitConverter.TryWriteBytes(data, step.Value);
        data = data[..(1 << (step.Flags & 3))];
        ulong offset = (ulong)step.Where % 0x140;
        driver.Registers.Write(offset, data);
        driver.Registers.Read(offset, data);
    }
}
