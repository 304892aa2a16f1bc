using System.Text.Json.Nodes;

namespace Appliance.SystemTests.Guest;

/// <summary>A folder for one test: ssh keys of every kind, config drives, disks. Gone with the test.</summary>
internal sealed class GuestFolder : IDisposable
{
    public const string InstanceId = "5d5b0b51-0a5f-4a6e-8f4e-3f2b6a7c8d90";
    public static readonly string[] KeyKinds = ["rsa", "ecdsa", "ed25519"];

    private GuestFolder(string path) => Root = path;

    public string Root { get; }

    public static async Task<GuestFolder> CreateAsync()
    {
        await GuestImage.EnsureBuiltAsync();
        var folder = new GuestFolder(Directory.CreateTempSubdirectory("guest-test-").FullName);
        foreach (string kind in KeyKinds)
            await folder.RunAsync("ssh-keygen", "-q", "-t", kind, "-N", "", "-f", folder.Key(kind));
        return folder;
    }

    public string Key(string kind) => Path.Combine(Root, $"id_{kind}");

    public string PublicKey(string kind) => File.ReadAllText(Key(kind) + ".pub").Trim();

    /// <summary>A copy-on-write disk over the image, larger than it.</summary>
    public async Task<string> MakeDiskAsync(string name = "disk", int sizeMiB = 1024)
    {
        string disk = Path.Combine(Root, name + ".qcow2");
        await RunAsync("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", GuestImage.Disk, disk, $"{sizeMiB}M");
        return disk;
    }

    public string MetaData(string instanceId, string hostname) => new JsonObject
    {
        ["uuid"] = instanceId,
        ["name"] = hostname,
        ["hostname"] = hostname + ".novalocal",
        ["public_keys"] = new JsonObject(KeyKinds.Select(kind => KeyValuePair.Create(kind, (JsonNode?)PublicKey(kind)))),
        ["meta"] = new JsonObject { ["role"] = "test" },
    }.ToJsonString();

    /// <summary>An ISO 9660 config drive as Nova makes it.</summary>
    public async Task<string> MakeConfigDriveAsync(string hostname, string? userData = null, string instanceId = InstanceId)
    {
        string tree = Directory.CreateTempSubdirectory("tree-").FullName;
        string latest = Directory.CreateDirectory(Path.Combine(tree, "openstack/latest")).FullName;
        await File.WriteAllTextAsync(Path.Combine(latest, "meta_data.json"), MetaData(instanceId, hostname));
        if (userData is not null)
            await File.WriteAllTextAsync(Path.Combine(latest, "user_data"), userData);
        string drive = Path.Combine(Root, $"config-{Guid.NewGuid():N}.iso");
        await RunAsync("genisoimage", "-quiet", "-V", "config-2", "-r", "-J", "-o", drive, tree);
        Directory.Delete(tree, recursive: true);
        return drive;
    }

    public async Task RunAsync(string program, params string[] arguments)
    {
        var result = await Command.RunAsync(program, arguments, TimeSpan.FromMinutes(1));
        Assert.True(result.Code == 0, $"{program} {string.Join(' ', arguments)}: {result.Text}");
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
