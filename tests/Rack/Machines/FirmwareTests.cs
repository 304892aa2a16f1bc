namespace Appliance.RackTests.Machines;

/// <summary>The project's guest image as it is, from its disk: firmware, boot loader, kernel, two processors, to its userland.</summary>
[Collection("rack")]
public sealed class FirmwareTests
{
    private const string Firmware = "/usr/share/seabios/bios-microvm.bin";

    [Fact]
    public async Task The_guest_image_boots_from_its_disk()
    {
        const string script = """
            /test/appliance-vmm run --firmware /test/firmware --disk /dev/nvme0n1 --cpus 2 --serial /tmp/serial \
                --uuid 00112233-4455-6677-8899-aabbccddeeff --stats </dev/null &
            i=0
            until grep -q 'guest: disks: ' /tmp/serial 2>/dev/null || [ $i = 400 ]; do sleep 1; i=$((i + 1)); done
            killall -TERM appliance-vmm
            sleep 1
            killall -TERM appliance-vmm
            wait $!
            echo "STATUS $?"
            cat /tmp/serial

            """;
        string said = await EmulatedNode.RunWithDisksAsync(
            script, "", [RackImage.GuestDisk], TimeSpan.FromMinutes(9), TestContext.Current.CancellationToken,
            ("firmware", await File.ReadAllBytesAsync(Firmware, TestContext.Current.CancellationToken)));

        foreach (string expected in new[] { "SeaBIOS (version", "GRUB loading", "guest: 2 CPU", "Appliance OpenStack Compute", "guest: disks: vda 192 MiB", "STATUS 0\n" })
            Assert.Contains(expected, said, StringComparison.Ordinal);
    }
}
