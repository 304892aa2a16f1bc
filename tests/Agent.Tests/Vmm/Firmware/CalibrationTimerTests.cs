using System.Diagnostics;
using Appliance.Vmm.Bus;
using Appliance.Vmm.Firmware;

namespace Appliance.Agent.Tests.Vmm.Firmware;

/// <summary>The timer as boot loaders use it to measure the processor's clock.</summary>
public sealed class CalibrationTimerTests
{
    private const byte OutputHigh = 1 << 5;

    private readonly IBusDevice _counters, _control;
    private long _now = 1000;

    public CalibrationTimerTests()
    {
        var timer = new CalibrationTimer(() => _now);
        (_counters, _control) = (timer.Counters, timer.Control);
    }

    // SeaBIOS (src/hw/timer.c) opens the gate, then loads; GRUB (kern/i386/tsc_pit.c) loads, then opens it.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_output_rises_when_the_count_has_run_down(bool gateFirst)
    {
        if (gateFirst)
            OpenGate();
        LoadCount(0x800);
        if (!gateFirst)
            OpenGate();

        Assert.Equal(0, Output());
        PassMilliseconds(1.7);
        Assert.Equal(0, Output());
        PassMilliseconds(0.1);
        Assert.Equal(OutputHigh, Output());
    }

    [Fact]
    public void A_closed_gate_holds_the_count()
    {
        LoadCount(0x800);
        PassMilliseconds(100);
        Assert.Equal(0, Output());
        OpenGate();
        PassMilliseconds(1);
        _control.Write(0, [0]);
        PassMilliseconds(100);
        Assert.Equal(0, Output());
    }

    [Fact]
    public void A_latched_count_is_read_in_two_bytes()
    {
        OpenGate();
        LoadCount(0x1234);
        _counters.Write(3, [0b10_00_0000]);
        PassMilliseconds(1);
        Assert.Equal(0x1234, ReadByte() | (ReadByte() << 8));
        Assert.True((ReadByte() | (ReadByte() << 8)) < 0x1234);
    }

    private void OpenGate() => _control.Write(0, [1]);

    private void LoadCount(ushort count)
    {
        _counters.Write(3, [0b10_11_0000]);
        _counters.Write(2, [(byte)count]);
        _counters.Write(2, [(byte)(count >> 8)]);
    }

    private int Output()
    {
        byte[] data = [0];
        _control.Read(0, data);
        return data[0] & OutputHigh;
    }

    private int ReadByte()
    {
        byte[] data = [0];
        _counters.Read(2, data);
        return data[0];
    }

    private void PassMilliseconds(double milliseconds) => _now += (long)(milliseconds * Stopwatch.Frequency / 1000);
}
