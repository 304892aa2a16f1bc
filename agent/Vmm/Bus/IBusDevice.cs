namespace Appliance.Vmm.Bus;

/// <summary>
/// Registers that a guest reaches by I/O port or memory access. Called on the thread of the processor that makes the access, several at once;
/// the guest chooses offset and width (1, 2, 4 or 8 bytes), inside the range the device has on its bus.
/// </summary>
internal interface IBusDevice
{
    /// <summary>Fills in all of <paramref name="data"/>.</summary>
    void Read(ulong offset, Span<byte> data);

    void Write(ulong offset, ReadOnlySpan<byte> data);
}
