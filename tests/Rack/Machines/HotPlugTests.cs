using System.Security.Cryptography;

namespace Appliance.RackTests.Machines;

/// <summary>The stock kernel's ACPI hot-plug driver with our slots: disks and interfaces come, change and go while the guest runs.</summary>
[Collection("rack")]
public sealed class HotPlugTests
{
    private const string GuestScript = """
        say() { echo "$@" >/dev/hvc0; }
        say READY
        until [ -e /dev/vda ]; do sleep 1; done
        say "DISK-SEEN $(cat /sys/block/vda/serial) $(md5sum </dev/vda)"
        until [ "$(cat /sys/block/vda/size)" = 16384 ]; do sleep 1; done
        dd if=/dev/vda of=/dev/null bs=512 skip=16383 count=1 && say RESIZED
        until [ -e /sys/class/net/eth0 ]; do sleep 1; done
        ip link set eth0 up
        ip addr add 10.0.0.2/24 dev eth0
        say "NET-SEEN $(cat /sys/class/net/eth0/address) $(ping -c 2 -w 30 10.0.0.1 | grep -c 'bytes from')"
        while [ -e /dev/vda ]; do sleep 1; done
        say DISK-GONE
        while [ -e /sys/class/net/eth0 ]; do sleep 1; done
        say NET-GONE
        until [ -e /dev/vda ]; do sleep 1; done
        say "AGAIN $(cat /sys/block/vda/serial)"
        """;

    [Fact]
    public async Task Disks_and_interfaces_come_change_and_go_while_the_guest_runs()
    {
        byte[] disk = RandomNumberGenerator.GetBytes(4 << 20);
        const string script = """
            tunctl -t tap1 >/dev/null
            ip addr add 10.0.0.1/24 dev tap1
            ip link set tap1 up
            timeout -s KILL 400 /test/appliance-vmm run --kernel /guest/vmlinux --initrd /tmp/initrd --stats --control /tmp/control \
                --balloon --console /tmp/says --cmdline "console=ttyS0 quiet panic=-1 net.ifnames=0" </dev/null &
            vmm=$!
            ctl() { echo "CTL $* $(/test/appliance-vmm ctl /tmp/control "$@" 2>&1)"; }
            heard() { until grep -q "$1" /tmp/says 2>/dev/null || ! kill -0 $vmm 2>/dev/null; do sleep 1; done; }
            gone() { while ctl query | grep -q "\"name\":\"$1\"" && kill -0 $vmm 2>/dev/null; do sleep 1; done; echo "GONE $1"; }
            heard READY
            ctl refresh-statistics
            ctl attach-disk device=data @/test/disk
            heard DISK-SEEN
            truncate -s 8M /test/disk
            ctl disk-resized device=data
            heard RESIZED
            ctl attach-net device=nic mac=52:54:00:00:00:99 @tap:tap1
            heard NET-SEEN
            ctl query
            ctl detach device=data
            heard DISK-GONE
            gone data
            ctl detach device=nic
            heard NET-GONE
            gone nic
            ctl attach-disk device=second @/test/disk
            wait $vmm
            echo "STATUS $?"
            cat /tmp/says

            """;
        string said = await EmulatedNode.RunAsync(script, GuestScript, TimeSpan.FromMinutes(12), TestContext.Current.CancellationToken, ("disk", disk));

        foreach (string expected in new[]
                 {
                     $"DISK-SEEN data {Md5(disk)}", "RESIZED\n", "NET-SEEN 52:54:00:00:00:99 2", "DISK-GONE", "NET-GONE", "AGAIN second", "GONE data\n",
                     "GONE nic\n", "STATUS 0\n", "end=PowerOff", "gc=0", "\"memory\":{\"totalBytes\":",
                 })
            Assert.True(said.Contains(expected, StringComparison.Ordinal), $"'{expected}' was not said:\n{said}");
        Assert.DoesNotContain("\"error\":", said, StringComparison.Ordinal);
    }

#pragma warning disable CA5351      // what busybox has; nothing is protected by it
    private static string Md5(byte[] bytes) => Convert.ToHexStringLower(MD5.HashData(bytes));
#pragma warning restore CA5351
}
