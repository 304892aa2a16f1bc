using System.Diagnostics;
using Appliance.Linux.Libc;
using Appliance.Vmm.Bus;
using Appliance.Vmm.Events;
using Appliance.Vmm.Snapshots;

namespace Appliance.Vmm.Watchdogs;

/// <summary>
/// A timer that the guest has to kick before it runs out. Registers of 32 bits, see the constants; drivers learn them from the ACPI table
/// <see cref="Acpi.Wdat"/>. Does not count while the machine is paused, nor before the guest starts it.
/// </summary>
/// <param name="loop">Waits for the timer.</param>
/// <param name="onExpired">Called on the loop's thread.</param>
internal sealed class Watchdog : IBusDevice, ISavedPart, IDisposable
{
    private const ushort StateVersion = 1;
    private static readonly uint StateTag = StateFormat.Tag("WDOG"u8);

    public const ushort Start = 0x620;
    public const ulong PortCount = 20;

    /// <summary>Unit of <see cref="Countdown"/> and <see cref="Current"/>.</summary>
    public const uint PeriodMilliseconds = 100;
    public const uint MinPeriods = 10;
    public const uint MaxPeriods = 0xFFFF;

    // Registers, by their distance from Start.
    public const int Countdown = 0, Current = 4, Running = 8, Kick = 12, Fired = 16;

    private const uint DefaultPeriods = 300;
    private const long NanosecondsPerPeriod = PeriodMilliseconds * 1_000_000L;

    private readonly Lock _gate = new();
    private readonly TimerFd _timer = new();
    private readonly EventLoop _loop;
    private readonly Action _onExpired;
    private readonly ulong _token;
    private uint _countdown = DefaultPeriods;
    private bool _isRunning;
    private bool _hasFired;
    private bool _isPaused = true;

    // Nanoseconds of CLOCK_MONOTONIC; while paused what is left instead.
    private long _deadline;
    private long _left;

    public Watchdog(EventLoop loop, Action onExpired)
    {
        (_loop, _onExpired) = (loop, onExpired);
        _token = loop.Add(_timer.Descriptor, Epoll.EPOLLIN, _ => OnTimer());
    }

    /// <summary>Times that it ran out.</summary>
    public long Expirations { get; private set; }

    public WatchdogState State
    {
        get
        {
            lock (_gate)
                return new WatchdogState(_countdown, PeriodsLeft, _isRunning, _hasFired);
        }

        set
        {
            lock (_gate)
            {
                _countdown = Math.Clamp(value.Countdown, MinPeriods, MaxPeriods);
                (_isRunning, _hasFired) = (value.IsRunning, value.HasFired);
                Restart(Math.Min(value.Left, _countdown));
            }
        }
    }

    private static long Now => Stopwatch.GetTimestamp();        // nanoseconds on Linux

    private long Left => _isPaused ? _left : Math.Max(0, _deadline - Now);

    private uint PeriodsLeft => _isRunning ? (uint)((Left + NanosecondsPerPeriod - 1) / NanosecondsPerPeriod) : _countdown;

    /// <summary>The machine runs: time counts.</summary>
    public void Resume()
    {
        lock (_gate)
        {
            if (!_isPaused)
                return;
            _isPaused = false;
            _deadline = Now + _left;
            SetTimer();
        }
    }

    /// <summary>The machine stands: time does not count.</summary>
    public void Pause()
    {
        lock (_gate)
        {
            _left = Left;
            _isPaused = true;
            SetTimer();
        }
    }

    public void Save(StateWriter writer)
    {
        var state = State;
        writer.Begin(StateTag, 0, StateVersion);
        writer.Put(state.Countdown);
        writer.Put(state.Left);
        writer.Put(state.IsRunning);
        writer.Put(state.HasFired);
    }

    public void Restore(StateReader reader)
    {
        var state = reader.Get(StateTag, 0, StateVersion);
        State = new WatchdogState(state.Take<uint>(), state.Take<uint>(), state.Take<byte>() != 0, state.Take<byte>() != 0);
    }

    public void Read(ulong offset, Span<byte> data)
    {
        lock (_gate)
        {
            Registers.Put(data, data.Length != sizeof(uint) ? 0 : offset switch
            {
                Countdown => _countdown,
                Current => PeriodsLeft,
                Running => _isRunning ? 1u : 0,
                Fired => _hasFired ? 1u : 0,
                _ => 0,
            });
        }
    }

    public void Write(ulong offset, ReadOnlySpan<byte> data)
    {
        if (data.Length != sizeof(uint))
            return;
        uint value = (uint)Registers.Get(data);
        lock (_gate)
        {
            switch (offset)
            {
                case Countdown:
                    _countdown = Math.Clamp(value, MinPeriods, MaxPeriods);
                    Restart(_countdown);
                    break;
                case Running:
                    _isRunning = (value & 1) != 0;
                    Restart(_countdown);
                    break;
                case Kick when value == 1:
                    Restart(_countdown);
                    break;
                case Fired:
                    _hasFired = (value & 1) != 0;
                    break;
            }
        }
    }

    public void Dispose()
    {
        _loop.Remove(_token);
        _timer.Dispose();
    }

    private void Restart(uint periods)
    {
        _left = periods * NanosecondsPerPeriod;
        _deadline = Now + _left;
        SetTimer();
    }

    // At least a nanosecond: 0 would switch the timer off.
    private void SetTimer() => _timer.Set(_isRunning && !_isPaused ? Math.Max(1, Left) : 0);

    private void OnTimer()
    {
        lock (_gate)
        {
            _timer.Clear();
            if (!_isRunning || _isPaused)
                return;
            if (Left > 0)
            {
                SetTimer();                             // kicked since the timer fired
                return;
            }

            _hasFired = true;
            _isRunning = false;
            Expirations++;
        }

        _onExpired();
    }
}
