using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Text;
using Appliance.Controller.Tests.Compute;

namespace Appliance.Controller.Tests.Images;

/// <summary>Uploads that are not what they claim, or reach for files of whoever opens them.</summary>
public class UploadInspectionTests
{
    private const int Sectors = 2048;
    private static readonly byte[] Qcow2 = MakeQcow2();

    [Fact]
    public async Task A_qcow2_image_has_the_size_of_the_disk_inside()
    {
        await using var cloud = await TestCloud.StartAsync();
        var id = await UploadAsync(cloud, "qcow2", Qcow2, 204);
        var image = (await cloud.GetAsync($"/image/v2/images/{id}")).Json;
        Assert.Equal("active", (string?)image["status"]);
        Assert.Equal(Sectors * 512, (int)image["virtual_size"]!);
        Assert.Equal(Qcow2.Length, (int)image["size"]!);
    }

    public static TheoryData<string, string, string> Hostile => new()
    {
        { "backing file", "qcow2", "Image failed safety checks: it has a backing file" },
        { "backing file", "raw", "Image failed safety checks: it has a backing file" },
        { "data file", "qcow2", "Image failed safety checks: it keeps its data in another file" },
        { "zeroes", "qcow2", "Image disk_format qcow2 does not match stream data raw" },
        { "vmdk", "qcow2", "Image disk_format qcow2 does not match stream data vmdk" },
        { "qcow2", "vmdk", "Image disk_format vmdk does not match stream data qcow2" },
        { "qcow2", "ami", "Image disk_format ami does not match stream data qcow2" },
        { "truncated header", "qcow2", "Image format inspection failed" },
        { "magic alone", "qcow2", "Image format inspection failed" },
        { "endless tables", "qcow2", "Image format inspection failed" },
        { "nothing", "qcow2", "Image disk_format qcow2 does not match stream data raw" },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task Data_that_lies_is_refused_and_leaves_the_image_queued(string data, string format, string reason)
    {
        await using var cloud = await TestCloud.StartAsync();
        var id = await UploadAsync(cloud, format, Make(data), 415, reason);

        var image = (await cloud.GetAsync($"/image/v2/images/{id}")).ShouldBe(200).Json;
        Assert.Equal("queued", (string?)image["status"]);
        Assert.Null(image["size"]);
        Assert.Null(image["checksum"]);
        Assert.Empty(Directory.GetFiles(Path.Combine(cloud.DataFolder, "images")));
        (await cloud.GetAsync($"/image/v2/images/{id}/file")).ShouldBe(204);

        (await cloud.PostAsync(ServerPaths.Servers, $$$"""{"server": {"name": "a", "imageRef": "{{{id}}}", "flavorRef": "1"} }"""))
            .ShouldBeFault(400, "badRequest", $"Image {id} is not active.");
    }

    [Fact]
    public async Task The_format_of_stored_data_cannot_be_changed_to_another()
    {
        await using var cloud = await TestCloud.StartAsync();
        var id = await UploadAsync(cloud, "raw", Qcow2, 204);
        using var request = new HttpRequestMessage(HttpMethod.Patch, $"/image/v2/images/{id}")
        {
            Content = new StringContent("""[{"op": "replace", "path": "/disk_format", "value": "qcow2"}]""", Encoding.UTF8,
                "application/openstack-images-v2.1-json-patch"),
        };
        request.Headers.Add("X-Auth-Token", await cloud.AdminTokenAsync());
        using var response = await cloud.Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(403, (int)response.StatusCode);
        Assert.Equal("raw", (string?)(await cloud.GetAsync($"/image/v2/images/{id}")).Json["disk_format"]);
    }

    [Theory]
    [InlineData("qcow2", "unacceptable: its disk format is qcow2; kernels and ramdisks are aki, ari, ami or raw")]
    [InlineData("queued", "is not active.")]
    [InlineData("missing", "Can not find requested image")]
    public async Task A_kernel_that_cannot_be_booted_is_refused_with_the_server(string kind, string reason)
    {
        await using var cloud = await TestCloud.StartAsync();
        var kernel = kind switch
        {
            "qcow2" => await UploadAsync(cloud, "qcow2", Qcow2, 204),
            "queued" => await ImageTests.CreateAsync(cloud, """{"name": "k", "disk_format": "aki", "container_format": "aki"}"""),
            _ => Guid.NewGuid().ToString(),
        };
        var image = await ImageTests.CreateAsync(cloud,
            $$"""{"name": "i", "disk_format": "raw", "container_format": "bare", "kernel_id": "{{kernel}}"}""");
        using var stored = await ImageTests.UploadAsync(cloud, image, new byte[512]);
        Assert.Equal(204, (int)stored.StatusCode);
        (await cloud.PostAsync(ServerPaths.Servers, $$$"""{"server": {"name": "a", "imageRef": "{{{image}}}", "flavorRef": "1"} }"""))
            .ShouldBeFault(400, "badRequest", reason);
    }

    private static async Task<string> UploadAsync(TestCloud cloud, string format, byte[] data, int status, string reason = "")
    {
        var id = await ImageTests.CreateAsync(cloud, $$"""{"name": "x", "disk_format": "{{format}}", "container_format": "bare"}""");
        using var response = await ImageTests.UploadAsync(cloud, id, data);
        var text = WebUtility.HtmlDecode(await response.Content.ReadAsStringAsync());
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode}: {text}");
        Assert.Contains(reason, text, StringComparison.Ordinal);
        return id;
    }

    private static byte[] Make(string kind)
    {
        var image = (byte[])Qcow2.Clone();
        switch (kind)
        {
            case "zeroes":
                return new byte[4096];
            case "nothing":
                return [];
            case "vmdk":
                return [.. "KDMV"u8, .. new byte[4092]];
            case "magic alone":
                return image[..4];
            case "truncated header":
                return image[..60];
            case "backing file":
                "/etc/passwd"u8.CopyTo(image.AsSpan(512));
                BinaryPrimitives.WriteUInt64BigEndian(image.AsSpan(8), 512);
                BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan(16), 11);
                break;
            case "data file":
                BinaryPrimitives.WriteUInt64BigEndian(image.AsSpan(72), 1 << 2);
                break;
            case "endless tables":
                BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan(36), uint.MaxValue);   // l1_size
                break;
            default:
                break;
        }

        return image;
    }

    private static byte[] MakeQcow2()
    {
        var path = Path.Combine(Path.GetTempPath(), $"appliance-test-{Guid.NewGuid()}.qcow2");
        using var process = Process.Start(new ProcessStartInfo("qemu-img", ["create", "-q", "-f", "qcow2", path, $"{Sectors * 512}"]))!;
        process.WaitForExit();
        var bytes = File.ReadAllBytes(path);
        File.Delete(path);
        return bytes;
    }
}
