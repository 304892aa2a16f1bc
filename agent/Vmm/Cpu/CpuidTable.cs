using Appliance.Linux.Kvm;

namespace Appliance.Vmm.Cpu;

/// <summary>What CPUID answers: what KVM supports, with the parts that say which of how many processors is asking. Intel SDM volume 2 "CPUID"; AMD APM volume 3 appendix E.</summary>
internal static class CpuidTable
{
    private const uint HypervisorBit = 1u << 31;
    private const uint TscDeadlineBit = 1u << 24;
    private const uint X2ApicBit = 1u << 21;
    private const uint HyperThreadingBit = 1u << 28;

    // Leaf 0xB: level kinds.
    private const uint ThreadLevel = 1, CoreLevel = 2;

    /// <param name="hasDeadlineTimer">KVM emulates the local APIC's TSC deadline mode.</param>
    public static kvm_cpuid_entry2[] For(ReadOnlySpan<kvm_cpuid_entry2> supported, int number, int count, bool hasDeadlineTimer)
    {
        var table = new List<kvm_cpuid_entry2>(supported.Length + 2);
        foreach (var entry in supported)
        {
            if (entry.function is not (0xB or 0x1F))
                table.Add(Adapt(entry, (uint)number, (uint)count, hasDeadlineTimer));
        }

        table.Add(Topology(0, 0, 1, ThreadLevel, (uint)number));
        table.Add(Topology(1, BitsFor((uint)count), (uint)count, CoreLevel, (uint)number));
        return [.. table];
    }

    private static kvm_cpuid_entry2 Adapt(kvm_cpuid_entry2 entry, uint number, uint count, bool hasDeadlineTimer)
    {
        switch (entry.function)
        {
            case 1:
                entry.ebx = (entry.ebx & 0x0000_FFFF) | (Math.Min(count, 255) << 16) | (number << 24);
                entry.ecx |= HypervisorBit | X2ApicBit | (hasDeadlineTimer ? TscDeadlineBit : 0);
                entry.edx = count > 1 ? entry.edx | HyperThreadingBit : entry.edx & ~HyperThreadingBit;
                break;
            case 4 when (entry.eax & 0x1F) != 0:
                // Caches of one processor; cores of the package as in leaf 0xB.
                entry.eax = (entry.eax & 0x0000_3FFF) | ((RoundUp(count) - 1) << 26);
                break;
            case 0x8000_0008:
                entry.ecx = count > 1 ? (BitsFor(count) << 12) | Math.Min(count - 1, 255) : 0;
                break;
            case 0x8000_001E:
                entry.eax = number;
                entry.ebx = number & 0xFF;
                entry.ecx = 0;
                break;
        }

        return entry;
    }

    private static kvm_cpuid_entry2 Topology(uint index, uint shift, uint processors, uint kind, uint number) => new()
    {
        function = 0xB,
        index = index,
        flags = KvmConstants.KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
        eax = shift,
        ebx = processors,
        ecx = index | (kind << 8),
        edx = number,
    };

    private static uint RoundUp(uint count) => System.Numerics.BitOperations.RoundUpToPowerOf2(count);

    private static uint BitsFor(uint count) => (uint)System.Numerics.BitOperations.Log2(RoundUp(count));
}
