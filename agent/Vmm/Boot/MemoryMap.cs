using Appliance.Vmm.Memory;

namespace Appliance.Vmm.Boot;

/// <summary>One range of the E820 map; types as in ACPI 6.5 §15.</summary>
internal readonly record struct MemoryRange(ulong Start, ulong LengthBytes, uint Type)
{
    public const uint Ram = 1;
    public const uint Reserved = 2;
}

/// <summary>What the guest is told of its physical memory.</summary>
internal static class MemoryMap
{
    public static MemoryRange[] Of(GuestMemory memory)
    {
        var ranges = new List<MemoryRange>
        {
            new(0, MemoryLayout.LowRamEnd, MemoryRange.Ram),
            new(MemoryLayout.LowRamEnd, MemoryLayout.HighRamStart - MemoryLayout.LowRamEnd, MemoryRange.Reserved),
            new(MemoryLayout.HighRamStart, memory.LowEnd - MemoryLayout.HighRamStart, MemoryRange.Ram),
        };
        if (memory.HighEnd > MemoryLayout.HoleEnd)
            ranges.Add(new(MemoryLayout.HoleEnd, memory.HighEnd - MemoryLayout.HoleEnd, MemoryRange.Ram));
        return [.. ranges];
    }
}
