using System.Runtime.InteropServices;
using Appliance.Linux.Kvm;
using Appliance.Linux.Libc;

namespace Appliance.Vmm.Interrupts;

/// <summary>
/// The machine's interrupt numbers (GSIs): 0 … 23 are pins of the I/O APIC, those after it messages (MSI) to whichever processors the guest
/// chose. KVM takes the whole table at each change, so changes are rare events: a driver starts, an interrupt moves.
/// </summary>
internal sealed class InterruptRouter(KvmMachine machine)
{
    /// <summary>Pins of the I/O APIC.</summary>
    public const uint Pins = 24;

    private const uint PicPins = 8;

    // KVM_CAP_IRQ_ROUTING says 4096 on x86.
    private const uint MaxMessages = 2048;

    private readonly Lock _gate = new();
    private readonly List<kvm_irq_routing_entry> _table = PinTable();

    // Of each message its place in the table; null before its first route.
    private readonly List<int?> _positions = [];
    private readonly Stack<uint> _released = [];

    /// <summary>Tables that KVM did not take because of what a guest wrote into them.</summary>
    public int RefusedTables { get; private set; }

    /// <summary>Gives an event a pin: a signal is an edge there.</summary>
    public void AttachPin(EventFd source, uint pin)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(pin, Pins);
        machine.AttachInterrupt(source, pin);
    }

    /// <summary>Gives an event a message of its own, which goes nowhere until <see cref="SetMessage"/>.</summary>
    /// <returns>Its GSI.</returns>
    public uint AttachMessage(EventFd source)
    {
        lock (_gate)
        {
            if (!_released.TryPop(out uint gsi))
            {
                ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)_positions.Count, MaxMessages);
                gsi = Pins + (uint)_positions.Count;
                _positions.Add(null);
            }

            machine.AttachInterrupt(source, gsi);
            return gsi;
        }
    }

    /// <summary>The event's message is nobody's any more.</summary>
    /// <param name="gsi">As <see cref="AttachMessage"/> gave it.</param>
    public void ReleaseMessage(EventFd source, uint gsi)
    {
        lock (_gate)
        {
            // Its place in the table stays: without an event nothing raises it, and the next owner sets it anew.
            machine.DetachInterrupt(source, gsi);
            _released.Push(gsi);
        }
    }

    /// <summary>Where a message goes, in the guest's own terms (PCI MSI-X table entry).</summary>
    public void SetMessage(uint gsi, ulong address, uint data)
    {
        lock (_gate)
        {
            var entry = new kvm_irq_routing_entry
            {
                gsi = gsi,
                type = KvmConstants.KVM_IRQ_ROUTING_MSI,
                msi_address_lo = (uint)address,
                msi_address_hi = (uint)(address >> 32),
                msi_data = data,
            };
            if (_positions[(int)(gsi - Pins)] is not { } position)
            {
                _positions[(int)(gsi - Pins)] = _table.Count;
                _table.Add(entry);
            }
            else if (_table[position].msi_address_lo == entry.msi_address_lo && _table[position].msi_address_hi == entry.msi_address_hi
                && _table[position].msi_data == data)
            {
                return;
            }
            else
            {
                _table[position] = entry;
            }

            Commit();
        }
    }

    // KVM's own default table is lost with the first call, so the pins are part of every one.
    private void Commit()
    {
        if (machine.SetGsiRouting(CollectionsMarshal.AsSpan(_table)) != Errno.None)
            RefusedTables++;
    }

    private static List<kvm_irq_routing_entry> PinTable()
    {
        var table = new List<kvm_irq_routing_entry>();
        for (uint pin = 0; pin < Pins; pin++)
        {
            table.Add(Pin(pin, KvmConstants.KVM_IRQCHIP_IOAPIC, pin));
            if (pin < 2 * PicPins)
                table.Add(Pin(pin, pin < PicPins ? KvmConstants.KVM_IRQCHIP_PIC_MASTER : KvmConstants.KVM_IRQCHIP_PIC_SLAVE, pin % PicPins));
        }

        return table;
    }

    private static kvm_irq_routing_entry Pin(uint gsi, uint chip, uint pin) =>
        new() { gsi = gsi, type = KvmConstants.KVM_IRQ_ROUTING_IRQCHIP, irqchip_irqchip = chip, irqchip_pin = pin };
}
