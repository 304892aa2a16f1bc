using Appliance.Linux.Libc;
using Appliance.Vmm.Serial;

namespace Appliance.Agent.Tests.Vmm.Serial;

public sealed class LogRingTests : IDisposable
{
    private readonly Fd _file = MemoryFiles.Create("log");

    public void Dispose() => _file.Dispose();

    [Fact]
    public void The_end_is_kept_over_wraps_and_restarts_and_the_file_does_not_grow()
    {
        var all = new List<byte>();
        var random = new Random(7);
        LogRing? ring = null;
        for (int i = 0; i < 600; i++)
        {
            if (i % 100 == 0)
                ring = new LogRing(_file);
            byte[] part = new byte[random.Next(1, 4096)];
            random.NextBytes(part);
            ring!.Append(part);
            all.AddRange(part);
        }

        Assert.True(all.Count > 2 * LogRing.CapacityBytes);
        foreach (int length in new[] { 0, 1, 5000, LogRing.CapacityBytes, LogRing.CapacityBytes + 1 })
            Assert.True(all[^Math.Min(length, LogRing.CapacityBytes)..].SequenceEqual(LogRing.ReadEnd(_file, length)));
        Assert.Equal(LogRing.CapacityBytes + 16, FileData.GetLength(_file));
    }

    [Fact]
    public void A_file_that_is_no_log_has_no_end_and_becomes_one()
    {
        FileData.WriteAt(_file, 0, "something else, long enough"u8);
        Assert.Empty(LogRing.ReadEnd(_file, 100));
        new LogRing(_file).Append("hello"u8);
        Assert.Equal("hello"u8.ToArray(), LogRing.ReadEnd(_file, 100));
    }
}
