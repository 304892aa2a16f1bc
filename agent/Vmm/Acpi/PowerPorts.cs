using Appliance.Vmm.Bus;

namespace Appliance.Vmm.Acpi;

/// <summary>The sleep and reset registers that the FADT names, ACPI 6.5 §4.8.3.7: a guest switches itself off, or restarts.</summary>
/// <param name="powerOff">Called on the processor's thread.</param>
/// <param name="reset">Called on the processor's thread.</param>
internal sealed class PowerPorts(Action powerOff, Action reset) : IBusDevice
{
    public const ushort Start = 0x600;
    public const ulong PortCount = 3;
    public const int SleepControl = 0, SleepStatus = 1, Reset = 2;

    public const byte ResetValue = 0x42;

    /// <summary>The sleep type of S5 in the DSDT.</summary>
    public const byte PowerOffType = 5;

    private const byte SleepEnable = 1 << 5;
    private const int TypeShift = 2;
    private const byte TypeMask = 7;

    public void Read(ulong offset, Span<byte> data) => data.Clear();

    public void Write(ulong offset, ReadOnlySpan<byte> data)
    {
        byte value = data[0];
        if (offset == SleepControl && (value & SleepEnable) != 0 && ((value >> TypeShift) & TypeMask) == PowerOffType)
            powerOff();
        else if (offset == Reset && value == ResetValue)
            reset();
    }
}
