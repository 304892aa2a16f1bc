using System.Runtime.InteropServices;
using Appliance.Vmm.Snapshots;

namespace Appliance.Vmm.Machine;

/// <summary>What must be made alike before state can be restored into it.</summary>
/// <param name="Places">Of each device its place on the bus, in the order of their numbers.</param>
internal sealed record MachineShape(MachineOptions Options, int[] Places)
{
    private const ushort Version = 1;

    // As many as the program makes machines with.
    private const int MaxCpus = 255;
    private static readonly uint Tag = StateFormat.Tag("MACH"u8);

    public static void Save(StateWriter writer, MachineOptions options, ReadOnlySpan<int> places)
    {
        writer.Begin(Tag, 0, Version);
        writer.Put((uint)options.CpuCount);
        writer.Put(options.MemoryBytes);
        writer.Put(options.UsesPci);
        writer.PutBlock(MemoryMarshal.AsBytes(places));
    }

    /// <summary>Whether a machine of these options, with devices at these places, is of this shape.</summary>
    public bool IsOf(MachineOptions options, ReadOnlySpan<int> places) =>
        Options.CpuCount == options.CpuCount && Options.MemoryBytes == options.MemoryBytes && Options.UsesPci == options.UsesPci && places.SequenceEqual(Places);

    /// <exception cref="SnapshotException">It is no machine that could be made.</exception>
    public static MachineShape Read(StateReader reader)
    {
        var state = reader.Get(Tag, 0, Version);
        uint cpus = state.Take<uint>();
        ulong memory = state.Take<ulong>();
        bool usesPci = state.Take<byte>() != 0;
        int[] places = state.TakeList<int>().ToArray();
        if (cpus is 0 or > MaxCpus || memory == 0 || memory % 4096 != 0 || memory > 1UL << 46)
            throw new SnapshotException($"a machine of {cpus} processors and {memory} bytes cannot be made");
        if (places.Length != Virtio.VirtioDevice.CountIn(reader))
            throw new SnapshotException("the state is damaged: its devices do not add up");
        return new MachineShape(new MachineOptions((int)cpus, memory, usesPci), places);
    }
}
