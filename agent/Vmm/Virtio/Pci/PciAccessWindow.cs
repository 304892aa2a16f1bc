using Appliance.Vmm.Bus;
using Appliance.Vmm.Pci;

namespace Appliance.Vmm.Virtio.Pci;

/// <summary>
/// VIRTIO_PCI_CAP_PCI_CFG, Virtio 1.2 §4.1.4.9: firmware that cannot reach memory above 1 MiB accesses BAR 0 through four bytes of
/// configuration space.
/// </summary>
internal sealed class PciAccessWindow
{
    // Offsets in the capability.
    private const int Bar = 4, Offset = 8, Length = 12, Data = 16;

    private readonly PciConfigSpace _configuration;
    private readonly int _capability;
    private readonly IBusDevice _registers;

    public PciAccessWindow(PciConfigSpace configuration, int capability, IBusDevice registers)
    {
        (_configuration, _capability, _registers) = (configuration, capability, registers);
        configuration.AllowWrites32(capability + Bar, 0xFF);
        configuration.AllowWrites32(capability + Offset, uint.MaxValue);
        configuration.AllowWrites32(capability + Length, uint.MaxValue);
        configuration.AllowWrites32(capability + Data, uint.MaxValue);
    }

    public void BeforeRead(int offset)
    {
        if (!IsData(offset) || Width is not { } width)
            return;
        Span<byte> value = stackalloc byte[4];
        value.Clear();
        _registers.Read(_configuration.Get32(_capability + Offset), value[..width]);
        _configuration.Put32(_capability + Data, (uint)Registers.Get(value));
    }

    public void AfterWrite(int offset)
    {
        if (!IsData(offset) || Width is not { } width)
            return;
        Span<byte> value = stackalloc byte[4];
        Registers.Put(value, _configuration.Get32(_capability + Data));
        _registers.Write(_configuration.Get32(_capability + Offset), value[..width]);
    }

    /// <summary>Null when what the driver set up names no access to BAR 0: not 1, 2 or 4 bytes, or not aligned, or outside.</summary>
    private int? Width
    {
        get
        {
            uint width = _configuration.Get32(_capability + Length);
            uint at = _configuration.Get32(_capability + Offset);
            bool isSound = width is 1 or 2 or 4 && at % width == 0 && at <= VirtioPciLayout.BarBytes - width
                && (_configuration.Get32(_capability + Bar) & 0xFF) == 0;
            return isSound ? (int)width : null;
        }
    }

    private bool IsData(int offset) => offset >= _capability + Data && offset < _capability + Data + 4;
}
