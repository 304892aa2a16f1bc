using System.Text.Json;
using Appliance.Agent.Metadata.ConfigDrive;
using Appliance.Agent.Tests.Network.Guest;

namespace Appliance.Agent.Tests.Metadata.ConfigDrive;

public sealed class ConfigDriveImageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("config-drive-").FullName;

    private string ImagePath => Path.Combine(_folder, "config.iso");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Guests_find_it_by_its_label()
    {
        Assert.SkipUnless(File.Exists("/usr/sbin/blkid"), "blkid is not installed.");
        await WriteAsync();
        string found = await Command.RunAsync("/usr/sbin/blkid", "-p", "-o", "export", ImagePath);
        Assert.Contains("LABEL=config-2\n", found);
        Assert.Contains("TYPE=iso9660\n", found);
    }

    [Theory]
    [InlineData("-R")]
    [InlineData("-J")]
    public async Task Both_name_extensions_show_all_files_with_their_content(string extension)
    {
        Assert.SkipUnless(Command.Exists("isoinfo"), "genisoimage is not installed.");
        await WriteAsync();
        var files = ConfigDriveFiles.List(GuestServers.Server);

        string[] found = (await Command.RunAsync("isoinfo", extension, "-f", "-i", ImagePath)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(
            files.Select(file => "/" + file.Path).Order(StringComparer.Ordinal),
            found.Select(path => path.Replace(";1", "")).Where(path => files.Any(file => "/" + file.Path == path)).Order(StringComparer.Ordinal));
        foreach (var file in files.Where(file => file.Path.EndsWith("user_data") || file.Path.Contains("content/")))
        {
            string suffix = extension == "-J" ? ";1" : "";
            Assert.Equal(file.Content, System.Text.Encoding.UTF8.GetBytes(
                await Command.RunAsync("isoinfo", extension, "-x", $"/{file.Path}{suffix}", "-i", ImagePath)));
        }
    }

    [Fact]
    public async Task Another_reader_extracts_the_same_tree()
    {
        Assert.SkipUnless(Command.Exists("xorriso"), "xorriso is not installed.");
        await WriteAsync();
        await Command.RunAsync("xorriso", "-abort_on", "WARNING", "-osirrox", "on", "-indev", ImagePath, "-extract", "/", $"{_folder}/out");

        var files = ConfigDriveFiles.List(GuestServers.Server);
        Assert.Equal(files.Count, Directory.EnumerateFiles($"{_folder}/out", "*", SearchOption.AllDirectories).Count());
        foreach (var file in files.Where(file => !file.Path.EndsWith("meta_data.json")))
            Assert.Equal(file.Content, await File.ReadAllBytesAsync($"{_folder}/out/{file.Path}", TestContext.Current.CancellationToken));
        var metadata = JsonDocument.Parse(await File.ReadAllTextAsync(
            $"{_folder}/out/openstack/latest/meta_data.json", TestContext.Current.CancellationToken)).RootElement;
        Assert.Equal("s3cret", metadata.GetProperty("admin_pass").GetString());
        Assert.Equal("/etc/motd", metadata.GetProperty("files")[0].GetProperty("path").GetString());
        Assert.Equal("/content/0000", metadata.GetProperty("files")[0].GetProperty("content_path").GetString());
    }

    [Fact]
    public async Task Linux_mounts_it()
    {
        Assert.SkipUnless((await File.ReadAllTextAsync("/proc/filesystems", TestContext.Current.CancellationToken)).Contains("iso9660"), "This kernel has no iso9660.");
        await WriteAsync();
        Directory.CreateDirectory($"{_folder}/mnt");
        await Command.RunAsync("mount", "-o", "loop,ro", ImagePath, $"{_folder}/mnt");
        try
        {
            Assert.Equal("welcome", await File.ReadAllTextAsync($"{_folder}/mnt/openstack/content/0000", TestContext.Current.CancellationToken));
            Assert.Equal("#!/bin/sh\necho hello\n", await File.ReadAllTextAsync($"{_folder}/mnt/ec2/latest/user-data", TestContext.Current.CancellationToken));
        }
        finally
        {
            await Command.RunAsync("umount", $"{_folder}/mnt");
        }
    }

    [Fact]
    public async Task Only_its_owner_reads_it()
    {
        await WriteAsync();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(ImagePath));
    }

    [Fact]
    public void Equal_contents_are_stored_once()
    {
        byte[] content = new byte[100_000];
        var files = Enumerable.Range(0, 10).Select(i => new ConfigDriveFile($"f{i}", content)).ToList();
        Assert.InRange(IsoImage.Build("config-2", files, DateTimeOffset.UnixEpoch).Length, 100_000, 200_000);
    }

    [Fact]
    public async Task Folders_larger_than_a_sector_are_read_whole()
    {
        Assert.SkipUnless(Command.Exists("isoinfo"), "genisoimage is not installed.");
        var files = Enumerable.Range(0, 200).Select(i => new ConfigDriveFile($"content/{i:d4}", [(byte)i])).ToList();
        await File.WriteAllBytesAsync(ImagePath, IsoImage.Build("config-2", files, DateTimeOffset.UnixEpoch), TestContext.Current.CancellationToken);
        foreach (string extension in (string[])["-R", "-J"])
        {
            string found = await Command.RunAsync("isoinfo", extension, "-f", "-i", ImagePath);
            Assert.Equal(201, found.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        }
    }

    private Task WriteAsync() => ConfigDriveImage.WriteAsync(GuestServers.Server, ImagePath, TimeProvider.System, TestContext.Current.CancellationToken);
}
