using Appliance.Linux.Libc;
using Appliance.Vmm.Bus;
using Appliance.Vmm.Snapshots;

namespace Appliance.Vmm.Serial;

/// <summary>A UART on the port bus: its lock, its interrupt line, and where its bytes go.</summary>
internal sealed class SerialPort : IBusDevice, ISavedPart
{
    /// <summary>Where PCs have COM1.</summary>
    public const ushort Com1 = 0x3F8;
    public const uint Com1Interrupt = 4;
    public const ulong PortCount = 8;

    private const ushort StateVersion = 1;
    private static readonly uint StateTag = StateFormat.Tag("UART"u8);

    private readonly Lock _gate = new();
    private readonly Uart16550 _uart;
    private bool _hasRefused;

    /// <param name="interrupt">Attached to the line; stays the caller's.</param>
    public SerialPort(OutputPump output, EventFd interrupt) => _uart = new Uart16550(output.Push, interrupt.Signal);

    /// <summary>Called when the guest has read everything that <see cref="Receive"/> took before it refused some; on a processor's thread, under the port's lock.</summary>
    public Action? RoomMade { get; set; }

    /// <summary>Bytes that <see cref="Receive"/> would take now.</summary>
    public int Room
    {
        get
        {
            lock (_gate)
                return _uart.Room;
        }
    }

    /// <summary>Gives the guest input; how much of it was taken.</summary>
    public int Receive(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            int taken = 0;
            while (taken < bytes.Length && _uart.TryReceive(bytes[taken]))
                taken++;
            _hasRefused = taken < bytes.Length;
            return taken;
        }
    }

    public void Save(StateWriter writer)
    {
        writer.Begin(StateTag, 0, StateVersion);
        lock (_gate)
            _uart.Save(writer);
    }

    public void Restore(StateReader reader)
    {
        var state = reader.Get(StateTag, 0, StateVersion);
        lock (_gate)
            _uart.Restore(ref state);
    }

    public void Read(ulong offset, Span<byte> data)
    {
        lock (_gate)
        {
            data.Fill(0xFF);
            data[0] = _uart.Read((int)offset);
            NoteRoom();
        }
    }

    public void Write(ulong offset, ReadOnlySpan<byte> data)
    {
        lock (_gate)
        {
            _uart.Write((int)offset, data[0]);
            NoteRoom();
        }
    }

    // Reading empties the receiver; so do its reset and the end of loopback mode.
    private void NoteRoom()
    {
        if (!_hasRefused || _uart.Room < Uart16550.FifoBytes)
            return;
        _hasRefused = false;
        RoomMade?.Invoke();
    }
}
