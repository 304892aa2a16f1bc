using Appliance.Linux.Libc;
using Appliance.Vmm.Memory;
using CsCheck;

namespace Appliance.Agent.Tests.Vmm.Memory;

public sealed class GuestMemoryTests
{
    private const ulong FiveGiB = 5 * MemoryLayout.GiB;

    [Fact]
    public void Only_ranges_that_are_RAM_from_end_to_end_are_given_out()
    {
        using var file = MemoryFiles.Create("guest", (long)FiveGiB);
        using var memory = new GuestMemory(FiveGiB, file);
        ulong[] edges = [0, 1, 4096, MemoryLayout.HoleStart, MemoryLayout.HoleEnd, MemoryLayout.HoleEnd + 2 * MemoryLayout.GiB, ulong.MaxValue];
        var number = Gen.Select(Gen.Int[0, edges.Length - 1], Gen.Long[-8192, 8192], (edge, delta) => unchecked(edges[edge] + (ulong)delta));
        Gen.Select(number, Gen.OneOf(number, Gen.ULong)).Sample((address, count) =>
        {
            UInt128 end = (UInt128)address + count;
            bool isRam = end <= MemoryLayout.HoleStart || (address >= MemoryLayout.HoleEnd && end <= MemoryLayout.HoleEnd + 2 * MemoryLayout.GiB);
            return memory.Contains(address, count) == isRam;
        }, iter: 100_000);
    }

    [Fact]
    public void Both_parts_hold_what_is_written_and_a_value_does_not_straddle_the_hole()
    {
        using var file = MemoryFiles.Create("guest", (long)FiveGiB);
        using var memory = new GuestMemory(FiveGiB, file);
        Assert.True(memory.TryWrite(MemoryLayout.HoleStart - 8, 1UL));
        Assert.True(memory.TryWrite(MemoryLayout.HoleEnd, 2UL));
        Assert.True(memory.TryWrite(MemoryLayout.HoleEnd + 2 * MemoryLayout.GiB - 8, 3UL));
        Assert.False(memory.TryWrite(MemoryLayout.HoleStart - 4, 4UL));
        Assert.False(memory.TryRead(MemoryLayout.HoleEnd - 4, out ulong _));

        Assert.True(memory.TryRead(MemoryLayout.HoleStart - 8, out ulong low));
        Assert.True(memory.TryRead(MemoryLayout.HoleEnd, out ulong high));
        Assert.Equal((1UL, 2UL), (low, high));
    }

    [Fact]
    public void Released_pages_read_as_zeros_and_neighbours_stay()
    {
        using var file = MemoryFiles.Create("guest", 1 << 20);
        using var memory = new GuestMemory(1 << 20, file);
        memory.Slice(0, 1 << 20).Fill(7);
        Assert.True(memory.Release(0x2000, 0x1000));
        Assert.False(memory.Release(0xFF000, 0x2000));

        Assert.Equal([7, 0, 0, 7], new[] { 0x1FFFu, 0x2000u, 0x2FFFu, 0x3000u }.Select(address => memory.Slice(address, 1)[0]));
    }
}
