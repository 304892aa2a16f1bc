using Appliance.Vmm.Bus;

namespace Appliance.Vmm.Pci;

/// <summary>A function on the bus: configuration space and the memory behind BAR 0. Registers as <see cref="IBusDevice"/> says, offsets from the BAR.</summary>
internal abstract class PciFunction(PciConfigSpace configuration, uint barBytes) : IBusDevice
{
    protected PciConfigSpace Configuration => configuration;

    /// <summary>Bytes behind BAR 0, a power of two; 0: there is none.</summary>
    public uint BarBytes => barBytes;

    /// <summary>Where BAR 0 answers now; null while its decoder is off.</summary>
    public uint? BarAddress => barBytes > 0 && configuration.IsMemoryEnabled ? configuration.BarAddress : null;

    /// <summary>What firmware would do: gives the BAR a place. The guest may choose another.</summary>
    public void PlaceBar(uint address) => configuration.SetBar0(address, barBytes);

    /// <summary>A configuration access, inside one 32-bit register as the bus guarantees.</summary>
    public virtual void ReadConfiguration(int offset, Span<byte> data) => configuration.Read(offset, data);

    public virtual void WriteConfiguration(int offset, ReadOnlySpan<byte> data) => configuration.Write(offset, data);

    public abstract void Read(ulong offset, Span<byte> data);

    public abstract void Write(ulong offset, ReadOnlySpan<byte> data);
}
