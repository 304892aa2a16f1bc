using System.Text;
using System.Text.Json;
using Appliance.Agent.Metadata;
using Appliance.Agent.Metadata.Documents;
using CsCheck;

namespace Appliance.Agent.Tests.Metadata.Documents;

public sealed class MetadataPathTests
{
    private const string OpenStackVersions =
        "2012-08-10\n2013-04-04\n2013-10-17\n2015-10-15\n2016-06-30\n2016-10-06\n2017-02-22\n2018-08-27\n2020-10-14\nlatest";

    private const string Ec2Versions =
        "1.0\n2007-01-19\n2007-03-01\n2007-08-29\n2007-10-10\n2007-12-15\n2008-02-01\n2008-09-01\n2009-04-04\nlatest";

    [Theory]
    [InlineData("/", Ec2Versions)]
    [InlineData("/ec2", Ec2Versions)]
    [InlineData("/openstack", OpenStackVersions)]
    [InlineData("/openstack/", OpenStackVersions)]
    [InlineData("/openstack/2012-08-10", "meta_data.json\nuser_data")]
    [InlineData("/openstack/2013-04-04/", "meta_data.json\nuser_data\npassword")]
    [InlineData("/openstack/latest/", "meta_data.json\nuser_data\npassword\nvendor_data.json\nnetwork_data.json\nvendor_data2.json")]
    [InlineData("/openstack/latest/user_data", "#!/bin/sh\necho hello\n")]
    [InlineData("/openstack//latest/./user_data/", "#!/bin/sh\necho hello\n")]
    [InlineData("/openstack/2013-10-17/vendor_data.json", "{}")]
    [InlineData("/openstack/latest/vendor_data2.json", """{"static": {}}""")]
    [InlineData("/latest", "meta-data/\nuser-data")]
    [InlineData("/latest/user-data", "#!/bin/sh\necho hello\n")]
    [InlineData("/ec2/latest/user-data", "#!/bin/sh\necho hello\n")]
    [InlineData("/1.0/meta-data/",
        "ami-id\nami-launch-index\nami-manifest-path\nhostname\ninstance-id\nlocal-ipv4\npublic-keys/\nreservation-id\nsecurity-groups")]
    [InlineData("/latest/meta-data",
        "ami-id\nami-launch-index\nami-manifest-path\nblock-device-mapping/\nhostname\ninstance-action\ninstance-id\ninstance-type\nlocal-hostname"
        + "\nlocal-ipv4\nplacement/\npublic-hostname\npublic-ipv4\npublic-keys/\nreservation-id\nsecurity-groups")]
    [InlineData("/latest/meta-data/ami-id", "ami-9e8d7c6b")]
    [InlineData("/latest/meta-data/ami-launch-index", "0")]
    [InlineData("/latest/meta-data/instance-id", "i-4f3c2b1a")]
    [InlineData("/latest/meta-data/instance-type", "m1.tiny")]
    [InlineData("/latest/meta-data/hostname", "web.novalocal")]
    [InlineData("/latest/meta-data/local-ipv4", "10.5.0.7")]
    [InlineData("/latest/meta-data/public-ipv4", "203.0.113.9")]
    [InlineData("/latest/meta-data/reservation-id", "r-12345678")]
    [InlineData("/latest/meta-data/security-groups", "default\nweb")]
    [InlineData("/latest/meta-data/placement/", "availability-zone")]
    [InlineData("/latest/meta-data/placement/availability-zone", "nova")]
    [InlineData("/latest/meta-data/block-device-mapping/", "ami\nephemeral0\nroot\nswap")]
    [InlineData("/latest/meta-data/block-device-mapping/swap", "/dev/vdc")]
    [InlineData("/latest/meta-data/block-device-mapping/ami", "vda")]
    [InlineData("/latest/meta-data/public-keys/", "0=mine")]
    [InlineData("/latest/meta-data/public-keys/0/", "openssh-key")]
    [InlineData("/2009-04-04/meta-data/public-keys/0/openssh-key", GuestServers.PublicKey)]
    public void Paths_show_what_nova_shows(string path, string expected) => Assert.Equal(expected, Text(GuestServers.Server, path));

    [Theory]
    [InlineData("/nothing")]
    [InlineData("/latest/api/token")]
    [InlineData("/latest/meta-data/nothing")]
    [InlineData("/latest/meta-data/ami-id/more")]
    [InlineData("/1.0/meta-data/public-ipv4")]
    [InlineData("/latest/user-data/more")]
    [InlineData("/openstack/2025-13-99/meta_data.json")]
    [InlineData("/openstack/latest/nothing.json")]
    [InlineData("/openstack/latest/meta_data.json/more")]
    [InlineData("/openstack/2012-08-10/vendor_data.json")]
    [InlineData("/openstack/content/0000")]
    [InlineData("/ec2/openstack/latest")]
    public void Other_paths_show_nothing(string path) => Assert.Null(MetadataPath.Parse(path).Find(GuestServers.Server, "10.5.0.7"));

    [Fact]
    public void Without_user_data_and_key_their_paths_are_missing()
    {
        var bare = GuestServers.With(GuestServers.Metadata with { UserDataBase64 = null, KeyPairs = [] });
        Assert.Equal("meta-data/", Text(bare, "/latest/"));
        Assert.DoesNotContain("public-keys", Text(bare, "/latest/meta-data/"));
        Assert.DoesNotContain("user_data", Text(bare, "/openstack/latest"));
        Assert.Null(MetadataPath.Parse("/latest/user-data").Find(bare, null));
        Assert.Null(MetadataPath.Parse("/openstack/latest/user_data").Find(bare, null));
        Assert.Null(MetadataPath.Parse("/latest/meta-data/public-keys").Find(bare, null));
    }

    [Fact]
    public void A_server_without_ipv4_is_told_the_address_it_asked_from()
    {
        var server = GuestServers.Server with { Ports = [] };
        Assert.Equal("fe80::7", Encoding.UTF8.GetString(MetadataPath.Parse("/latest/meta-data/local-ipv4").Find(server, "fe80::7")!.Body));
        Assert.Equal("", Text(server, "/latest/meta-data/public-ipv4"));
    }

    [Fact]
    public void The_metadata_document_has_everything_and_no_secret()
    {
        string text = Text(GuestServers.Server, "/openstack/latest/meta_data.json")!;
        var json = JsonDocument.Parse(text).RootElement;
        Assert.Equal(
            ["uuid", "meta", "public_keys", "keys", "hostname", "name", "launch_index", "availability_zone", "random_seed", "project_id", "devices",
                "dedicated_cpus"],
            json.EnumerateObject().Select(member => member.Name));
        Assert.Equal(GuestServers.Document.Id, json.GetProperty("uuid").GetString());
        Assert.Equal("web.novalocal", json.GetProperty("hostname").GetString());
        Assert.Equal("Web 1", json.GetProperty("name").GetString());
        Assert.Equal(GuestServers.PublicKey, json.GetProperty("public_keys").GetProperty("mine").GetString());
        Assert.Equal(512, json.GetProperty("random_seed").GetBytesFromBase64().Length);
        // As Python prints it: readable for grep, with plus signs as they are.
        Assert.Contains($"\"keys\": [{{\"name\": \"mine\", \"type\": \"ssh\", \"data\": \"{GuestServers.PublicKey}\"}}]", text);
        Assert.Contains("\"meta\": {\"role\": \"front+end\"}", text);
        Assert.DoesNotContain("s3cret", text);
    }

    [Fact]
    public void The_oldest_metadata_document_has_less() => Assert.Equal(
        ["uuid", "meta", "public_keys", "keys", "hostname", "name", "launch_index", "availability_zone"],
        JsonDocument.Parse(Text(GuestServers.Server, "/openstack/2012-08-10/meta_data.json")!).RootElement.EnumerateObject()
            .Select(member => member.Name));

    [Fact]
    public void Text_in_documents_survives_whatever_it_holds() => Gen.String.Sample(value =>
    {
        var server = GuestServers.With(GuestServers.Metadata with { Meta = new Dictionary<string, string> { ["k"] = value } });
        var json = JsonDocument.Parse(MetadataPath.Parse("/openstack/latest/meta_data.json").Find(server, null)!.Body);
        // Lone surrogates cannot be written in UTF-8.
        string expected = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(value));
        Assert.Equal(expected, json.RootElement.GetProperty("meta").GetProperty("k").GetString());
    });

    [Fact]
    public void No_path_breaks_the_trees() => Gen.Select(Gen.String, Gen.OneOf(Gen.Const("/"), Gen.Const("/latest/meta-data/"), Gen.Const("/openstack/latest/"), Gen.Const("/openstack/")))
        .Sample((path, prefix) => MetadataPath.Parse(prefix + path).Find(GuestServers.Server, null));

    private static string? Text(MetadataServer server, string path) =>
        MetadataPath.Parse(path).Find(server, "192.0.2.1") is { } content ? Encoding.UTF8.GetString(content.Body) : null;
}
