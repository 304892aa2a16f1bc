namespace Appliance.SystemTests.Guest;

[Collection("guest machines")]
public sealed class GuestLifecycleTests
{
    private const string CountingScript = "#!/bin/sh\necho ran >>/var/log/counted\n";

    [Fact]
    public async Task User_data_runs_once_and_host_keys_stay_over_a_reboot_and_a_power_cycle()
    {
        using var folder = await GuestFolder.CreateAsync();
        string disk = await folder.MakeDiskAsync();
        var options = new GuestMachineOptions(disk) { ConfigDrive = await folder.MakeConfigDriveAsync("once", CountingScript) };
        string hostKey;
        await using (var machine = await GuestMachine.StartAsync(folder, options))
        {
            await machine.AwaitConsoleAsync("boot finished");
            hostKey = await HostKeyAsync(machine);
            await machine.TryAsync("sudo reboot");
            await machine.AwaitConsoleAsync("boot finished", times: 2);
            Assert.Equal("ran", await machine.RunAsync("cat /var/log/counted"));
            Assert.Equal(hostKey, await HostKeyAsync(machine));
            Assert.InRange(await machine.PowerOffAsync(), TimeSpan.Zero, TimeSpan.FromMinutes(1));
            Assert.Contains("power button pressed", machine.Console);
        }
        await using (var again = await GuestMachine.StartAsync(folder, options))
        {
            await again.AwaitConsoleAsync("boot finished");
            Assert.True(again.Console.Split('\n').Length >= 10, again.Console);
            Assert.Equal("ran", await again.RunAsync("cat /var/log/counted"));
            Assert.Equal(hostKey, await HostKeyAsync(again));
        }
    }

    [Fact]
    public async Task A_disk_under_another_instance_id_becomes_a_new_server()
    {
        using var folder = await GuestFolder.CreateAsync();
        string disk = await folder.MakeDiskAsync();
        string hostKey;
        var first = new GuestMachineOptions(disk) { ConfigDrive = await folder.MakeConfigDriveAsync("first", CountingScript) };
        await using (var machine = await GuestMachine.StartAsync(folder, first))
        {
            await machine.AwaitConsoleAsync("boot finished");
            hostKey = await HostKeyAsync(machine);
            await machine.PowerOffAsync();
        }
        string drive = await folder.MakeConfigDriveAsync("second", CountingScript, "11111111-1111-4111-8111-111111111111");
        await using var copy = await GuestMachine.StartAsync(folder, first with { ConfigDrive = drive });
        await copy.AwaitConsoleAsync("boot finished");
        Assert.Equal("second", await copy.RunAsync("hostname"));
        Assert.Equal("ran\nran", await copy.RunAsync("cat /var/log/counted"));
        Assert.NotEqual(hostKey, await HostKeyAsync(copy));
    }

    private static Task<string> HostKeyAsync(GuestMachine machine) =>
        machine.RunAsync("sudo dropbearkey -y -f /etc/dropbear/dropbear_ed25519_host_key | grep ^ssh-");
}
