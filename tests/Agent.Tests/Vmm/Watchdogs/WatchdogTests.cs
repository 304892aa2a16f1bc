using System.Buffers.Binary;
using System.Diagnostics;
using Appliance.Vmm.Events;
using Appliance.Vmm.Watchdogs;
using CsCheck;

namespace Appliance.Agent.Tests.Vmm.Watchdogs;

public sealed class WatchdogTests : IDisposable
{
    private readonly EventLoop _loop = new("test");
    private readonly Watchdog _watchdog;
    private int _expired;

    public WatchdogTests()
    {
        _watchdog = new Watchdog(_loop, () => _expired++);
        _watchdog.Resume();
    }

    public void Dispose()
    {
        _watchdog.Dispose();
        _loop.Dispose();
    }

    [Fact]
    public void One_that_is_started_and_not_kicked_runs_out_once()
    {
        var clock = Stopwatch.StartNew();
        Write(Watchdog.Countdown, Watchdog.MinPeriods);
        Write(Watchdog.Running, 1);
        while (_expired == 0)
            _loop.RunOnce(5000);
        Assert.InRange(clock.ElapsedMilliseconds, Watchdog.MinPeriods * Watchdog.PeriodMilliseconds, long.MaxValue);
        Assert.Equal((1u, 0u, 1L), (Read(Watchdog.Fired), Read(Watchdog.Running), _watchdog.Expirations));
        Write(Watchdog.Fired, 0);
        Assert.Equal(0u, Read(Watchdog.Fired));
    }

    [Fact]
    public void A_kick_starts_the_countdown_anew()
    {
        _watchdog.State = new WatchdogState(100, 3, true, false);
        Assert.InRange(Read(Watchdog.Current), 0u, 3u);
        Write(Watchdog.Kick, 1);
        Assert.InRange(Read(Watchdog.Current), 90u, 100u);
    }

    [Fact]
    public void Nothing_counts_before_the_guest_starts_it_or_while_the_machine_is_paused()
    {
        _watchdog.State = new WatchdogState(20, 1, true, false);
        _watchdog.Pause();
        Assert.Equal(new WatchdogState(20, 1, true, false), _watchdog.State);
        Assert.Equal(0, _loop.RunOnce(300));
        _watchdog.State = new WatchdogState(20, 1, false, false);
        _watchdog.Resume();
        Assert.Equal(0, _loop.RunOnce(300));
        Assert.Equal(0, _expired);
    }

    [Fact]
    public void Whatever_is_written_the_countdown_stays_in_its_limits()
    {
        Write(Watchdog.Countdown, uint.MaxValue);
        Assert.Equal(Watchdog.MaxPeriods, Read(Watchdog.Countdown));
        Write(Watchdog.Countdown, 0);
        Assert.Equal(Watchdog.MinPeriods, Read(Watchdog.Countdown));
        _watchdog.Write(Watchdog.Countdown, [1, 2]);
        _watchdog.Write(1, [1, 2, 3, 4]);
        Assert.Equal((Watchdog.MinPeriods, 0u), (Read(Watchdog.Countdown), Read(Watchdog.Running)));
    }

    [Fact]
    public void No_sequence_of_accesses_does_harm() =>
        Gen.Select(Gen.ULong[0, Watchdog.PortCount - 1], Gen.OneOf(Gen.ULong, Gen.ULong[0, 3]), Gen.Int[0, 3]).Array[1, 40].Sample(steps =>
        {
            Span<byte> data = stackalloc byte[8];
            foreach (var (at, value, width) in steps)
            {
                BitConverter.TryWriteBytes(data, value);
                _watchdog.Write(at, data[..(1 << width)]);
                _watchdog.Read(at, data[..(1 << width)]);
            }

            return Read(Watchdog.Countdown) is >= Watchdog.MinPeriods and <= Watchdog.MaxPeriods && Read(Watchdog.Current) <= Watchdog.MaxPeriods;
        }, iter: 2000, threads: 1);

    private void Write(int register, uint value)
    {
        byte[] data = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(data, value);
        _watchdog.Write((ulong)register, data);
    }

    private uint Read(int register)
    {
        byte[] data = new byte[4];
        _watchdog.Read((ulong)register, data);
        return BinaryPrimitives.ReadUInt32LittleEndian(data);
    }
}
