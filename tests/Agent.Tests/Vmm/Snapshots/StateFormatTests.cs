using System.Text;
using Appliance.Vmm.Snapshots;

namespace Appliance.Agent.Tests.Vmm.Snapshots;

/// <summary>Saved state as bytes: what is written is read, and what is damaged or newer is refused.</summary>
public sealed class StateFormatTests
{
    private static readonly uint Part = StateFormat.Tag("PART"u8);

    [Fact]
    public void What_was_put_is_taken_in_the_same_order()
    {
        using var reader = new StateReader(Sample());
        Assert.Equal(2, reader.Count(Part));
        var second = reader.Get(Part, 1, 3);
        Assert.Equal((3, 7u), (second.Version, second.Take<uint>()));
        var first = reader.Get(Part, 0, 3);
        Assert.Equal((ulong)1 << 40, first.Take<ulong>());
        Assert.Equal("disk0", first.TakeText());
        Assert.Equal([1, 2, 3], first.TakeList<ushort>().ToArray());
        reader.CheckAllTaken();
    }

    [Fact]
    public void The_checksum_is_that_of_RFC_3720()
    {
        Assert.Equal(0x8A9136AAu, Checksum.Of(new byte[32]));
        Assert.Equal(0xE3069283u, Checksum.Of("123456789"u8));
    }

    [Fact]
    public void Every_damaged_byte_and_every_lost_end_is_noticed()
    {
        byte[] state = Sample();
        for (int at = 0; at < state.Length; at++)
        {
            byte[] damaged = [.. state];
            damaged[at] ^= 0x10;
            Assert.Throws<SnapshotException>(() => new StateReader(damaged));
            Assert.Throws<SnapshotException>(() => new StateReader(state.AsSpan(0, at)));
        }
    }

    [Fact]
    public void Newer_versions_missing_parts_and_unknown_parts_are_refused_and_older_versions_are_not()
    {
        using var reader = new StateReader(Sample());
        Assert.Contains("PART is of version 2", Assert.Throws<SnapshotException>(() => reader.Get(Part, 0, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("lacks PART 2", Assert.Throws<SnapshotException>(() => reader.Get(Part, 2, 9)).Message, StringComparison.Ordinal);
        Assert.Equal(2, reader.Get(Part, 0, 9).Version);
        Assert.Contains("PART 1", Assert.Throws<SnapshotException>(reader.CheckAllTaken).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void State_of_another_format_is_refused()
    {
        byte[] state = Sample();
        state[8]++;
        Assert.Contains("format", Assert.Throws<SnapshotException>(() => new StateReader(state)).Message, StringComparison.Ordinal);
        Assert.Contains("no machine's state", Assert.Throws<SnapshotException>(() => new StateReader(Encoding.ASCII.GetBytes(new string('x', 100)))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void State_that_is_shorter_than_its_reader_expects_is_refused_not_read_beyond()
    {
        using var writer = new StateWriter();
        writer.Begin(Part, 0, 1);
        writer.Put(uint.MaxValue);
        using var reader = new StateReader(writer.Finish());
        Assert.Throws<SnapshotException>(() => reader.Get(Part, 0, 1).Take<ulong>());
        Assert.Throws<SnapshotException>(() => reader.Get(Part, 0, 1).TakeBlock());
    }

    private static byte[] Sample()
    {
        using var writer = new StateWriter();
        writer.Begin(Part, 0, 2);
        writer.Put((ulong)1 << 40);
        writer.PutText("disk0");
        writer.PutBlock([1, 0, 2, 0, 3, 0]);
        writer.Begin(Part, 1, 3);
        writer.Put(7u);
        return writer.Finish().ToArray();
    }
}
