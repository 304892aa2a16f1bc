namespace Appliance.SystemTests.Guest;

[Collection("guest machines")]
public sealed class GuestMetadataTests
{
    [Fact]
    public async Task A_kernel_started_directly_takes_its_identity_from_the_metadata_service()
    {
        using var folder = await GuestFolder.CreateAsync();
        await using var metadata = new MetadataService(folder, new Dictionary<string, string>
        {
            ["/openstack/latest/meta_data.json"] = folder.MetaData(GuestFolder.InstanceId, "direct"),
            ["/openstack/latest/user_data"] = "#!/bin/bash\necho \"user data in $BASH\" >/var/log/proof\n",
        });
        await using var machine = await GuestMachine.StartAsync(folder,
            new(await folder.MakeDiskAsync()) { Machine = "pc", DirectKernel = true, Network = metadata.Network });
        await machine.AwaitConsoleAsync("boot finished");

        Assert.Equal("direct", await machine.RunAsync("hostname"));
        Assert.Equal("user data in /bin/bash", await machine.RunAsync("cat /var/log/proof"));
        Assert.Equal("direct.novalocal", await machine.RunAsync("curl -s http://169.254.169.254/openstack/latest/meta_data.json | jq -r .hostname"));
        Assert.True(machine.Console.Split('\n').Length >= 10, machine.Console);
        Assert.InRange(await machine.PowerOffAsync(), TimeSpan.Zero, TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Where_there_is_no_OpenStack_tree_the_EC2_tree_serves()
    {
        using var folder = await GuestFolder.CreateAsync();
        await using var metadata = new MetadataService(folder, new Dictionary<string, string>
        {
            ["/latest/meta-data/instance-id"] = "i-00000042",
            ["/latest/meta-data/local-hostname"] = "ec2-guest.internal",
            ["/latest/meta-data/public-keys/"] = "0=mine",
            ["/latest/meta-data/public-keys/0/openssh-key"] = folder.PublicKey("ed25519") + "\n",
            ["/latest/user-data"] = "#cloud-config\nhostname: from-user-data\n",
        });
        await using var machine = await GuestMachine.StartAsync(folder,
            new(await folder.MakeDiskAsync()) { DirectKernel = true, Network = metadata.Network });
        await machine.AwaitConsoleAsync("boot finished");

        Assert.Equal("from-user-data", await machine.RunAsync("hostname"));
        Assert.Equal("i-00000042", await machine.RunAsync("sudo cat /var/lib/guest/instance/id"));
        Assert.Contains("(EC2)", machine.Console);
        Assert.Contains("/openstack/latest/meta_data.json", metadata.Requests);
    }
}
