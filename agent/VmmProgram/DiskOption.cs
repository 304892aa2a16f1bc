using Appliance.Vmm.Virtio.RateLimits;

namespace Appliance.VmmProgram;

/// <summary>A disk of the command line: <c>FILE[,ro][,id=TEXT][,ops=RATE][,bytes=RATE]</c>.</summary>
internal sealed record DiskOption(string Path, bool IsReadOnly, string Id, RateLimit Limit = default)
{
    /// <param name="number">Of the disk, for its id when it has none.</param>
    /// <returns>What is wrong; null when all is well.</returns>
    public static string? Parse(string value, int number, out DiskOption disk)
    {
        string[] parts = value.Split(',');
        disk = new DiskOption(parts[0], false, $"disk{number}");
        foreach (string part in parts.AsSpan(1))
        {
            var limit = disk.Limit;
            if (part == "ro")
                disk = disk with { IsReadOnly = true };
            else if (part.StartsWith("id=", StringComparison.Ordinal))
                disk = disk with { Id = part[3..] };
            else if (RateOption.TrySet(part, "", ref limit))
                disk = disk with { Limit = limit };
            else
                return $"--disk {value}: '{part}' is neither ro, id=TEXT, ops=RATE nor bytes=RATE";
        }

        return null;
    }
}
