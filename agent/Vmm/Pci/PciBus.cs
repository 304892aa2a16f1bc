using Appliance.Vmm.Bus;
using Appliance.Vmm.Memory;

namespace Appliance.Vmm.Pci;

/// <summary>
/// Bus 0 with its host bridge in slot 0 and one function per slot. As a device of the memory bus it is the window of all BARs: a function
/// answers where its BAR is at that moment, so that a guest can move it.
/// </summary>
internal sealed class PciBus : IBusDevice
{
    public const int Slots = 32;

    // Spaced so that every BAR of today's devices fits and is naturally aligned.
    private const uint BarSpacing = 0x0010_0000;

    private readonly Lock _gate = new();
    private readonly PciFunction?[] _functions = new PciFunction?[Slots];

    public PciBus() => _functions[0] = new HostBridge();

    /// <summary>Puts a function into a slot and gives its BAR a place.</summary>
    /// <param name="wanted">Null: the first free slot.</param>
    /// <returns>The slot.</returns>
    /// <exception cref="InvalidOperationException">The bus is full, or the slot is taken.</exception>
    public int Add(PciFunction function, int? wanted = null)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(function.BarBytes, BarSpacing);
        lock (_gate)
        {
            int slot = wanted ?? Array.FindIndex(_functions, static other => other is null);
            if (slot < 0)
                throw new InvalidOperationException($"the PCI bus has no free slot: {Slots - 1} devices at most");
            if (slot >= Slots || _functions[slot] is not null)
                throw new InvalidOperationException($"slot {slot} of the PCI bus is taken or does not exist");
            if (function.BarBytes > 0)
                function.PlaceBar((uint)MemoryLayout.PciWindowStart + (uint)slot * BarSpacing);
            _functions[slot] = function;
            return slot;
        }
    }

    /// <summary>Empties a slot. While no processor runs: one may be in the function's registers.</summary>
    public void Remove(int slot)
    {
        lock (_gate)
            Volatile.Write(ref _functions[slot], null);
    }

    /// <summary>Null when nothing is in the slot.</summary>
    public PciFunction? Find(int slot) => Volatile.Read(ref _functions[slot]);

    public void Read(ulong offset, Span<byte> data)
    {
        if (FindByAddress(offset, data.Length, out ulong inside) is { } function)
            function.Read(inside, data);
        else
            data.Fill(0xFF);
    }

    public void Write(ulong offset, ReadOnlySpan<byte> data) => FindByAddress(offset, data.Length, out ulong inside)?.Write(inside, data);

    private PciFunction? FindByAddress(ulong offset, int length, out ulong inside)
    {
        ulong address = MemoryLayout.PciWindowStart + offset;
        foreach (var function in _functions)
        {
            if (function?.BarAddress is { } start && address >= start && address - start < function.BarBytes
                && (ulong)length <= function.BarBytes - (address - start))
            {
                inside = address - start;
                return function;
            }
        }

        inside = 0;
        return null;
    }

    /// <summary>
    /// What kernels look for to believe that there is a PCI bus: a function of class "host bridge". By its subsystem firmware knows that the
    /// machine has QEMU's interface for firmware (SeaBIOS, src/fw/paravirt.c, qemu_detect).
    /// </summary>
    private sealed class HostBridge() : PciFunction(new PciConfigSpace(0x1B36, 0x0008, 0, 0x06_00_00, 0x1AF4, 0x1100), 0)
    {
        public override void Read(ulong offset, Span<byte> data) => data.Fill(0xFF);

        public override void Write(ulong offset, ReadOnlySpan<byte> data)
        {
        }
    }
}
