using Appliance.Vmm.Machine;

namespace Appliance.VmmProgram;

/// <summary>What a guest cost, in one line: <c>exits=426 pio=… mmio=… kicks=… gc=0 allocated=…</c> (bytes, of the whole process).</summary>
internal static class RunStatistics
{
    public static string Of(VirtualMachine machine)
    {
        long exits = 0, ports = 0, memory = 0, kicks = 0;
        foreach (var cpu in machine.Cpus)
        {
            exits += cpu.Metrics.Exits;
            ports += cpu.Metrics.PortExits;
            memory += cpu.Metrics.MemoryExits;
            kicks += cpu.Metrics.Kicks;
        }

        return $"end={machine.EndReason} exits={exits} pio={ports} mmio={memory} kicks={kicks} gc={GC.CollectionCount(0)} allocated={GC.GetTotalAllocatedBytes()}";
    }
}
