using System.Diagnostics;
using Appliance.Vmm.Bus;

namespace Appliance.Vmm.Firmware;

/// <summary>
/// Counter 2 of a PC's interval timer (Intel 8254) with its gate and output in port 0x61: boot loaders measure the processor's clock against it.
/// Counters 0 and 1 are not there, nor is any interrupt. All modes count down once; that is all that can be seen through the port.
/// </summary>
/// <param name="now">A clock in <see cref="Stopwatch"/> ticks.</param>
internal sealed class CalibrationTimer(Func<long> now)
{
    public const ushort CountersStart = 0x40, ControlStart = 0x61;
    public const ulong CounterPorts = 4, ControlPorts = 1;

    private const double CountsPerSecond = 1_193_182;

    // Offsets from port 0x40, and the command byte: counter, access, mode.
    private const ulong Counter2 = 2, Command = 3;
    private const int CounterShift = 6, AccessShift = 4, AccessMask = 3;
    private const int AccessLatch = 0, AccessLow = 1, AccessHigh = 2;

    // Port 0x61.
    private const byte Gate2 = 1 << 0, Speaker = 1 << 1, RefreshToggle = 1 << 4, Out2 = 1 << 5;

    private readonly Lock _gate = new();
    private int _access = AccessLow;
    private bool _isHighByteNext;
    private byte _lowByte;
    private ushort? _latched;
    private byte _control;
    private byte _toggle;

    // Counts left when it last stopped, or was loaded; counting since then if not null.
    private double _left;
    private long? _runningSince;

    public IBusDevice Counters => new Ports(ReadCounter, WriteCounter);

    public IBusDevice Control => new Ports((_, data) => data.Fill(ReadControl()), (_, data) => WriteControl(data[0]));

    private void ReadCounter(ulong port, Span<byte> data)
    {
        data.Fill(0xFF);
        if (port != Counter2)
            return;
        lock (_gate)
        {
            ushort count = _latched ?? (ushort)(long)Math.Floor(Left());
            bool isHigh = _access == AccessHigh || (_access != AccessLow && _isHighByteNext);
            data[0] = (byte)(isHigh ? count >> 8 : count);
            if (_access is AccessLow or AccessHigh || _isHighByteNext)
                _latched = null;
            _isHighByteNext = !_isHighByteNext;
        }
    }

    private void WriteCounter(ulong port, ReadOnlySpan<byte> data)
    {
        lock (_gate)
        {
            if (port == Command && data[0] >> CounterShift == (int)Counter2)
                WriteCommand((data[0] >> AccessShift) & AccessMask);
            else if (port == Counter2)
                WriteCount(data[0]);
        }
    }

    private void WriteCommand(int access)
    {
        _isHighByteNext = false;
        if (access == AccessLatch)
        {
            _latched = (ushort)(long)Math.Floor(Left());
            return;
        }

        // The output is low until the new count has run down.
        _access = access;
        Load(ushort.MaxValue + 1);
        _runningSince = null;
    }

    private void WriteCount(byte value)
    {
        if (_access == AccessLow)
        {
            Load(value);
        }
        else if (_access == AccessHigh)
        {
            Load(value << 8);
        }
        else if (_isHighByteNext)
        {
            _isHighByteNext = false;
            Load((value << 8) | _lowByte);
        }
        else
        {
            (_lowByte, _isHighByteNext) = (value, true);
        }
    }

    // 0 stands for the largest count.
    private void Load(int count)
    {
        _left = count == 0 ? ushort.MaxValue + 1 : count;
        _runningSince = (_control & Gate2) != 0 ? now() : null;
    }

    private byte ReadControl()
    {
        lock (_gate)
        {
            _toggle ^= RefreshToggle;
            return (byte)(_control | _toggle | (Left() <= 0 ? Out2 : 0));
        }
    }

    private void WriteControl(byte value)
    {
        lock (_gate)
        {
            _left = Left();
            _control = (byte)(value & (Gate2 | Speaker));
            _runningSince = (_control & Gate2) != 0 ? now() : null;
        }
    }

    private double Left() => _runningSince is { } since ? _left - Math.Max(0, now() - since) * CountsPerSecond / Stopwatch.Frequency : _left;

    private delegate void Reader(ulong port, Span<byte> data);

    private delegate void Writer(ulong port, ReadOnlySpan<byte> data);

    private sealed class Ports(Reader read, Writer write) : IBusDevice
    {
        public void Read(ulong offset, Span<byte> data) => read(offset, data);

        public void Write(ulong offset, ReadOnlySpan<byte> data) => write(offset, data);
    }
}
