using System.Security.Cryptography;

namespace Appliance.RackTests.Machines;

/// <summary>The stock kernel's drivers with our devices.</summary>
[Collection("rack")]
public sealed class DeviceTests
{
    private const string GuestScript = """
        echo "SERIAL $(cat /sys/block/vda/serial) $(cat /sys/block/vdb/ro)"
        echo "BEFORE $(md5sum </dev/vda)"
        dd if=/dev/vdb of=/dev/vda bs=64k oflag=direct 2>/dev/null
        sync
        echo "AFTER $(md5sum </dev/vda)"
        blkdiscard -o 1048576 -l 1048576 /dev/vda
        ip link set eth0 up
        ip addr add 10.0.0.2/24 dev eth0
        ping -c 3 -w 20 10.0.0.1 && echo PING-OK
        ping -c 2 -w 20 -s 8000 10.0.0.1 && echo LARGE-PING-OK
        dd if=/dev/hwrng bs=64 count=4 2>/dev/null | wc -c
        echo CONSOLE-WORDS >/dev/hvc0
        sleep 1
        """;

    [Theory]
    [InlineData("pci")]
    [InlineData("mmio")]
    public async Task Disks_network_console_and_random_numbers_work(string transport)
    {
        byte[] disk = RandomNumberGenerator.GetBytes(4 << 20), source = RandomNumberGenerator.GetBytes(4 << 20);
        string script = $"""
            tunctl -t tap0 >/dev/null
            ip addr add 10.0.0.1/24 dev tap0
            ip link set tap0 up
            timeout -s KILL 120 /test/appliance-vmm run --transport {transport} --kernel /guest/vmlinux --initrd /tmp/initrd --stats \
                --disk /test/disk,id=first --disk /test/source,ro --tap tap0 --rng --balloon --console /tmp/hvc0 \
                --cmdline "console=ttyS0 quiet panic=-1 net.ifnames=0" </dev/null
            echo "STATUS $?"
            echo "CONSOLE $(cat /tmp/hvc0)"
            dd if=/test/disk bs=1M skip=1 count=1 2>/dev/null | tr -d '\0' | wc -c
            dd if=/dev/zero of=/test/source bs=1M seek=1 count=1 conv=notrunc 2>/dev/null
            dd if=/dev/zero of=/test/disk bs=1M seek=1 count=1 conv=notrunc 2>/dev/null
            cmp /test/disk /test/source && echo COPIED

            """;
        string said = await EmulatedNode.RunAsync(
            script, GuestScript, TimeSpan.FromMinutes(5), TestContext.Current.CancellationToken, ("disk", disk), ("source", source));

        foreach (string expected in new[]
                 {
                     "SERIAL first 1\n", $"BEFORE {Md5(disk)}", $"AFTER {Md5(source)}", "PING-OK\n", "LARGE-PING-OK\n", "\n256\n",
                     "STATUS 0\n", "CONSOLE CONSOLE-WORDS\n", "\n0\n", "COPIED\n", "gc=0 ",
                 })
            Assert.Contains(expected, said, StringComparison.Ordinal);
    }

#pragma warning disable CA5351      // what busybox has; nothing is protected by it
    private static string Md5(byte[] bytes) => Convert.ToHexStringLower(MD5.HashData(bytes));
#pragma warning restore CA5351
}
