using Appliance.Vmm.Bus;
using Appliance.Vmm.Snapshots;

namespace Appliance.Vmm.Pci;

/// <summary>
/// Configuration mechanism #1, PCI Local Bus 3.0 §3.2.2.3.2: an address register and a data window. Inside it, as on PCs, the reset control
/// register (Intel 82371AB §4.2.4), by which firmware restarts.
/// </summary>
/// <param name="reset">Called on the processor's thread.</param>
internal sealed class PciConfigPorts(PciBus bus, Action reset) : IBusDevice, ISavedPart
{
    public const ushort Start = 0xCF8;
    public const ulong PortCount = 8;

    private const ulong DataWindow = 4;
    private const ulong ResetControl = 1;
    private const byte ResetCpu = 1 << 2;
    private const uint Enable = 1u << 31;

    private const ushort StateVersion = 1;
    private static readonly uint StateTag = StateFormat.Tag("PCIA"u8);

    private readonly Lock _gate = new();
    private uint _address;

    public void Read(ulong offset, Span<byte> data)
    {
        lock (_gate)
        {
            if (offset == 0 && data.Length == 4)
                Registers.Put(data, _address);
            else if (Select(offset, data.Length, out int register) is { } function)
                function.ReadConfiguration(register, data);
            else
                data.Fill(0xFF);
        }
    }

    public void Write(ulong offset, ReadOnlySpan<byte> data)
    {
        if (offset == ResetControl && data.Length == 1)
        {
            if ((data[0] & ResetCpu) != 0)
                reset();
            return;
        }

        lock (_gate)
        {
            if (offset == 0 && data.Length == 4)
                _address = (uint)Registers.Get(data) & 0x80FF_FFFC;
            else
                Select(offset, data.Length, out int register)?.WriteConfiguration(register, data);
        }
    }

    public void Save(StateWriter writer)
    {
        writer.Begin(StateTag, 0, StateVersion);
        writer.Put(_address);
    }

    public void Restore(StateReader reader) => _address = reader.Get(StateTag, 0, StateVersion).Take<uint>();

    private PciFunction? Select(ulong offset, int length, out int register)
    {
        register = (int)(_address & 0xFC) + (int)(offset - DataWindow);
        bool isData = offset >= DataWindow && offset - DataWindow + (ulong)length <= 4;
        bool isOurs = (_address & Enable) != 0 && (_address & 0x00FF_0700) == 0;      // bus 0, function 0
        return isData && isOurs ? bus.Find((int)((_address >> 11) & 0x1F)) : null;
    }
}
