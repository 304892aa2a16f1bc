namespace Appliance.RackTests.Machines;

/// <summary>Debian's unmodified cloud kernel in our VMM: each image format, one and two processors, both transports, to userland and switched off.</summary>
[Collection("rack")]
public sealed class BootMatrixTests
{
    private static readonly (string Name, string Options)[] Guests =
    [
        .. from kernel in new[] { ("bzImage", "--kernel /guest/vmlinuz"), ("ELF", "--kernel /guest/vmlinux"), ("PVH", "--kernel /guest/vmlinux --pvh") }
           from cpus in new[] { 1, 2 }
           select ($"{kernel.Item1}-{cpus}", $"{kernel.Item2} --cpus {cpus}"),
        ("mmio", "--kernel /guest/vmlinux --transport mmio --rng"),
        ("large", "--kernel /guest/vmlinux --memory 600 --rng"),
    ];

    [Fact]
    public async Task Stock_kernels_boot_and_switch_off()
    {
        string script = string.Concat(Guests.Select(static guest => $"""
            echo BEGIN {guest.Name}
            timeout -s KILL 100 /test/appliance-vmm run {guest.Options} --initrd /tmp/initrd --stats --cmdline "console=ttyS0 quiet panic=-1" </dev/null
            echo "STATUS {guest.Name} $?"

            """));
        string said = await EmulatedNode.RunAsync(script, "nproc\ngrep -c . /sys/class/misc/hw_random/rng_available\n", TimeSpan.FromMinutes(8), TestContext.Current.CancellationToken);

        foreach (var (name, options) in Guests)
        {
            string part = said.Between($"BEGIN {name}\n", $"STATUS {name} ");
            Assert.True(part.Contains("GUEST-END", StringComparison.Ordinal), $"{name} did not reach userland:\n{part}");
            Assert.Contains(options.Contains("--cpus 2", StringComparison.Ordinal) ? "GUEST-USERLAND\n2\n" : "GUEST-USERLAND\n1\n", part, StringComparison.Ordinal);
            Assert.Contains("end=PowerOff", part, StringComparison.Ordinal);
            Assert.Contains("gc=0", part, StringComparison.Ordinal);
            Assert.Contains($"STATUS {name} 0\n", said, StringComparison.Ordinal);
        }
    }
}
