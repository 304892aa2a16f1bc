using System.Text.Json.Nodes;

namespace Appliance.SystemTests.Guest;

[Collection("guest machines")]
public sealed class RunningGuestTests(RunningGuest guest) : IClassFixture<RunningGuest>
{
    private static readonly TimeSpan HotPlugDeadline = TimeSpan.FromMinutes(1);

    [Theory, InlineData("rsa"), InlineData("ecdsa"), InlineData("ed25519")]
    public async Task Its_user_logs_in_with_a_key_of_each_kind(string kind) =>
        Assert.Equal("guest", await guest.Machine.RunAsync("id -un", kind));

    [Fact]
    public async Task Nobody_logs_in_without_a_key()
    {
        Assert.Equal(255, (await guest.Machine.TryAsync("true", user: "root")).Code);
        Assert.Equal("0", await guest.Machine.RunAsync("sudo awk -F: '$2 !~ /^[*!]/' /etc/shadow | wc -l"));
    }

    [Fact]
    public async Task Its_user_becomes_root_without_a_password() => Assert.Equal("root", await guest.Machine.RunAsync("sudo id -un"));

    [Fact]
    public async Task The_host_name_is_the_servers() => Assert.Equal("Web-1", await guest.Machine.RunAsync("hostname"));

    [Fact]
    public async Task The_root_file_system_fills_a_larger_disk()
    {
        int mebibytes = int.Parse(await guest.Machine.RunAsync("df -Pm / | awk 'END { print $2 }'"));
        Assert.InRange(mebibytes, 900, 1024);
    }

    [Fact]
    public void The_console_tells_of_the_boot_and_offers_a_login()
    {
        Assert.True(guest.Machine.Console.Split('\n').Length >= 10, guest.Machine.Console);
        Assert.Contains("login:", guest.Machine.Console);
        Assert.Contains(GuestFolder.InstanceId, guest.Machine.Console);
    }

    [Theory]
    [InlineData("ip"), InlineData("awk"), InlineData("lsblk"), InlineData("blkid"), InlineData("mount"), InlineData("mkfs.ext4")]
    [InlineData("sudo"), InlineData("ping"), InlineData("ping6"), InlineData("nc"), InlineData("curl"), InlineData("udhcpc"), InlineData("sysctl")]
    [InlineData("mke2fs"), InlineData("bash"), InlineData("jq"), InlineData("sha1sum"), InlineData("dd"), InlineData("nproc"), InlineData("su")]
    [InlineData("tail"), InlineData("killall"), InlineData("md5sum"), InlineData("vi"), InlineData("wget"), InlineData("chpasswd")]
    public async Task A_tool_is_on_the_path(string tool) => await guest.Machine.RunAsync($"PATH=$PATH:/sbin command -v {tool}");

    // What public test suites and people's scripts run in a small guest, with what it must print.
    [Theory]
    [InlineData("set -eu -o pipefail; PATH=$PATH:/sbin; false | cat || echo failed", "failed")]
    [InlineData("ip -o addr | awk '/10.0.2.15/ { print $2 }'", "eth0")]
    [InlineData("ip -o link | awk '/52:54:00:12:34:56/ { print $2 }'", "eth0:")]
    [InlineData("ip addr show eth0 | awk '/ether/ { print $2 }'", "52:54:00:12:34:56")]
    [InlineData("grep -c ^processor /proc/cpuinfo", "1")]
    [InlineData("lsblk -lb --nodeps -o NAME,TYPE -n | sort | tr -s ' ' | tr '\\n' ' '", "vda disk vdb disk ")]
    [InlineData("blkid -L config-2 -o device", "/dev/vdb")]
    [InlineData("sudo mount $(blkid -L config-2 -o device) /mnt && jq -r .meta.role /mnt/openstack/latest/meta_data.json; sudo umount /mnt", "test")]
    [InlineData("ping -c1 -w1 -s56 10.0.2.2 >/dev/null && echo answered", "answered")]
    [InlineData("ping6 -c1 -w2 ::1 >/dev/null && echo answered", "answered")]
    [InlineData("awk '/nameserver/ { print $2; exit }' /etc/resolv.conf", "10.0.2.3")]
    [InlineData("sudo kill -USR1 $(cat /var/run/udhcpc.eth0.pid) && echo renewed", "renewed")]
    [InlineData("sudo sysctl -n net.ipv4.ip_forward", "0")]
    [InlineData("(exec 2>&1; echo one | grep -c -E [o]n.$)", "1")]
    [InlineData("sudo sh -c \"echo \\\"said on the console\\\" >/dev/console\" && echo written", "written")]
    public async Task Usual_commands_work(string command, string printed) => Assert.Equal(printed, await guest.Machine.RunAsync(command));

    [Theory, InlineData(""), InlineData("-u")]
    public async Task A_netcat_listener_serves_one_client_after_another(string protocol)
    {
        string port = protocol.Length == 0 ? "8081" : "8082";
        await guest.Machine.RunAsync($"sudo nc {protocol} -p {port} -lk -e echo foolish </dev/zero >/dev/null 2>&1 &");
        await Eventually.TrueAsync(async () => (await guest.Machine.TryAsync($"echo bar | nc -w 1 {protocol} 127.0.0.1 {port}")).Output == "foolish\n",
            HotPlugDeadline, () => "the listener");
        Assert.Equal("foolish", await guest.Machine.RunAsync($"echo bar | nc -w 1 {protocol} 127.0.0.1 {port}"));
    }

    [Fact]
    public async Task The_users_instructions_ran()
    {
        var machine = guest.Machine;
        Assert.Equal("first line\nit's \"quoted\"", await machine.RunAsync("sudo cat /etc/appliance/plain"));
        Assert.Equal("hello", await machine.RunAsync("cat /etc/appliance/encoded"));
        Assert.Equal("640 755", await machine.RunAsync("sudo stat -c %a /etc/appliance/plain /etc/appliance/encoded | xargs"));
        Assert.Equal("shell 2\nlist two words", await machine.RunAsync("cat /var/log/runcmd"));
        Assert.Equal("script as root", await machine.RunAsync("cat /var/log/script"));
        Assert.Equal("root", await machine.RunAsync("sudo su - alice -c 'sudo id -un'"));
        Assert.Equal("1", await machine.RunAsync("grep -c extra@example.org .ssh/authorized_keys"));
        Assert.Contains("packages is not supported", machine.Console);
        Assert.Contains("script as root", machine.Console);
    }

    [Fact]
    public async Task A_disk_plugged_in_is_found_by_its_serial_number_and_used()
    {
        string image = Path.Combine(guest.Folder.Root, "volume.raw");
        await guest.Folder.RunAsync("truncate", "-s", "64M", image);
        await guest.Machine.Qmp.ExecuteAsync("blockdev-add",
            new JsonObject { ["driver"] = "file", ["node-name"] = "volume", ["filename"] = image });
        await guest.Machine.Qmp.ExecuteAsync("device_add", new JsonObject
        {
            ["driver"] = "virtio-blk-pci",
            ["id"] = "volume-device",
            ["drive"] = "volume",
            ["serial"] = "0a1b2c3d-0000-4000-8",
            ["bus"] = "slot1",
        });
        const string Device = "/dev/disk/by-id/virtio-0a1b2c3d-0000-4000-8";
        await Eventually.TrueAsync(async () => (await guest.Machine.TryAsync($"test -b {Device}")).Code == 0, HotPlugDeadline, () => "the disk");
        await guest.Machine.RunAsync($"sudo mke2fs -q -t ext4 {Device} && sudo mount {Device} /mnt && date | sudo tee /mnt/timestamp && sudo umount /mnt");

        await guest.Machine.Qmp.ExecuteAsync("device_del", new JsonObject { ["id"] = "volume-device" });
        await Eventually.TrueAsync(async () => (await guest.Machine.TryAsync($"test -e {Device}")).Code == 1, HotPlugDeadline, () => "the disk to go");
    }

    [Fact]
    public async Task A_network_interface_plugged_in_gets_an_address()
    {
        await guest.Machine.Qmp.ExecuteAsync("netdev_add",
            new JsonObject { ["type"] = "user", ["id"] = "net1", ["net"] = "10.77.0.0/24" });
        await guest.Machine.Qmp.ExecuteAsync("device_add", new JsonObject
        {
            ["driver"] = "virtio-net-pci",
            ["id"] = "nic1",
            ["netdev"] = "net1",
            ["mac"] = "52:54:00:77:00:01",
            ["bus"] = "slot2",
        });
        await Eventually.TrueAsync(async () => (await guest.Machine.TryAsync("ip -o addr show dev eth1")).Output.Contains("10.77.0.15/24", StringComparison.Ordinal),
            HotPlugDeadline, () => "an address on eth1");

        await guest.Machine.Qmp.ExecuteAsync("device_del", new JsonObject { ["id"] = "nic1" });
        await Eventually.TrueAsync(async () => (await guest.Machine.TryAsync("test -e /var/run/udhcpc.eth1.pid")).Code == 1, HotPlugDeadline,
            () => "the interface's DHCP client to go");
    }
}
