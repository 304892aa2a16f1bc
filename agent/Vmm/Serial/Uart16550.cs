using Appliance.Vmm.Snapshots;

namespace Appliance.Vmm.Serial;

/// <summary>
/// The registers of a 16550A, National Semiconductor PC16550D data sheet §8. Bytes are sent the moment they are written. Knows neither
/// threads nor buses: the caller serializes.
/// </summary>
/// <param name="transmit">Gets every byte sent.</param>
/// <param name="interrupt">Called at each new reason for an interrupt: an edge of the pin.</param>
internal sealed class Uart16550(Action<byte> transmit, Action interrupt)
{
    /// <summary>Bytes received and not read yet. Data sheet: 16.</summary>
    public const int FifoBytes = 16;

    private const int Data = 0, InterruptEnable = 1, InterruptIdent = 2, LineControl = 3, ModemControl = 4, LineStatus = 5, ModemStatus = 6, Scratch = 7;

    private const byte IER_RDI = 0x01, IER_THRI = 0x02, IerMask = 0x0F;
    private const byte IIR_NO_INT = 0x01, IIR_THRI = 0x02, IIR_RDI = 0x04, IirFifoEnabled = 0xC0;
    private const byte FCR_ENABLE = 0x01, FCR_CLEAR_RCVR = 0x02;
    private const byte LCR_DLAB = 0x80;
    private const byte MCR_LOOP = 0x10, MCR_DTR = 0x01, MCR_RTS = 0x02, MCR_OUT1 = 0x04, MCR_OUT2 = 0x08;
    private const byte LSR_DR = 0x01, LSR_THRE = 0x20, LSR_TEMT = 0x40;
    private const byte MSR_CTS = 0x10, MSR_DSR = 0x20, MSR_RI = 0x40, MSR_DCD = 0x80;

    private readonly byte[] _received = new byte[FifoBytes];
    private int _first;
    private int _count;
    private byte _interruptEnable;
    private byte _fifoControl;
    private byte _lineControl = 0x03;
    private byte _modemControl = MCR_OUT2;
    private byte _scratch;
    private ushort _divisor = 12;
    private bool _transmitterEmptied;

    private bool IsDivisorSelected => (_lineControl & LCR_DLAB) != 0;

    private bool IsLoopback => (_modemControl & MCR_LOOP) != 0;

    /// <summary>Bytes that <see cref="TryReceive"/> would take now.</summary>
    public int Room => IsLoopback ? 0 : FifoBytes - _count;

    /// <summary>A byte arrives on the line; false when the guest has not read the earlier ones.</summary>
    public bool TryReceive(byte value)
    {
        if (Room == 0)
            return false;
        Enqueue(value);
        return true;
    }

    /// <param name="register">0 … 7.</param>
    public byte Read(int register) => register switch
    {
        Data => IsDivisorSelected ? (byte)_divisor : Dequeue(),
        InterruptEnable => IsDivisorSelected ? (byte)(_divisor >> 8) : _interruptEnable,
        InterruptIdent => Identify(),
        LineControl => _lineControl,
        ModemControl => _modemControl,
        LineStatus => (byte)(LSR_THRE | LSR_TEMT | (_count > 0 ? LSR_DR : 0)),
        ModemStatus => ReadModemStatus(),
        Scratch => _scratch,
        _ => 0xFF,
    };

    /// <param name="register">0 … 7.</param>
    public void Write(int register, byte value)
    {
        switch (register)
        {
            case Data when IsDivisorSelected:
                _divisor = (ushort)((_divisor & 0xFF00) | value);
                break;
            case Data:
                Send(value);
                break;
            case InterruptEnable when IsDivisorSelected:
                _divisor = (ushort)((_divisor & 0x00FF) | (value << 8));
                break;
            case InterruptEnable:
                EnableInterrupts((byte)(value & IerMask));
                break;
            case InterruptIdent:
                _fifoControl = (byte)(value & FCR_ENABLE);
                if ((value & FCR_CLEAR_RCVR) != 0)
                    _count = 0;
                break;
            case LineControl:
                _lineControl = value;
                break;
            case ModemControl:
                _modemControl = (byte)(value & 0x1F);
                break;
            case Scratch:
                _scratch = value;
                break;
        }
    }

    public void Save(StateWriter writer)
    {
        writer.PutBytes([_interruptEnable, _fifoControl, _lineControl, _modemControl, _scratch, (byte)_divisor, (byte)(_divisor >> 8), _transmitterEmptied ? (byte)1 : (byte)0]);
        writer.Put((byte)_count);
        for (int i = 0; i < _count; i++)
            writer.Put(_received[(_first + i) % FifoBytes]);
    }

    /// <summary>An interrupt that was on its way is raised again: one too many is looked into and found empty, one too few is waited for.</summary>
    public void Restore(ref StateSection state)
    {
        var registers = state.TakeBytes(8);
        (_interruptEnable, _fifoControl, _lineControl, _modemControl, _scratch) = (registers[0], registers[1], registers[2], registers[3], registers[4]);
        _divisor = (ushort)(registers[5] | (registers[6] << 8));
        _transmitterEmptied = registers[7] != 0;
        _first = 0;
        _count = Math.Min(state.Take<byte>(), (byte)FifoBytes);
        state.TakeBytes(_count).CopyTo(_received);
        if (((_interruptEnable & IER_RDI) != 0 && _count > 0) || ((_interruptEnable & IER_THRI) != 0 && _transmitterEmptied))
            interrupt();
    }

    private void Send(byte value)
    {
        if (!IsLoopback)
            transmit(value);
        else if (_count < FifoBytes)
            Enqueue(value);

        _transmitterEmptied = true;
        if ((_interruptEnable & IER_THRI) != 0)
            interrupt();
    }

    private void EnableInterrupts(byte value)
    {
        int added = value & ~_interruptEnable;
        _interruptEnable = value;
        if ((added & IER_THRI) != 0)
            _transmitterEmptied = true;
        if ((added & IER_THRI) != 0 || ((added & IER_RDI) != 0 && _count > 0))
            interrupt();
    }

    private byte Identify()
    {
        byte fifo = (_fifoControl & FCR_ENABLE) != 0 ? IirFifoEnabled : (byte)0;
        if ((_interruptEnable & IER_RDI) != 0 && _count > 0)
            return (byte)(fifo | IIR_RDI);
        if ((_interruptEnable & IER_THRI) == 0 || !_transmitterEmptied)
            return (byte)(fifo | IIR_NO_INT);
        _transmitterEmptied = false;
        return (byte)(fifo | IIR_THRI);
    }

    // In loopback the outputs of the modem control register come back as inputs; otherwise a terminal is there and ready.
    private byte ReadModemStatus()
    {
        if (!IsLoopback)
            return MSR_CTS | MSR_DSR | MSR_DCD;
        int status = 0;
        status |= (_modemControl & MCR_RTS) != 0 ? MSR_CTS : 0;
        status |= (_modemControl & MCR_DTR) != 0 ? MSR_DSR : 0;
        status |= (_modemControl & MCR_OUT1) != 0 ? MSR_RI : 0;
        status |= (_modemControl & MCR_OUT2) != 0 ? MSR_DCD : 0;
        return (byte)status;
    }

    private void Enqueue(byte value)
    {
        _received[(_first + _count) % FifoBytes] = value;
        _count++;
        if ((_interruptEnable & IER_RDI) != 0)
            interrupt();
    }

    private byte Dequeue()
    {
        if (_count == 0)
            return 0;
        byte value = _received[_first];
        _first = (_first + 1) % FifoBytes;
        _count--;
        return value;
    }
}
