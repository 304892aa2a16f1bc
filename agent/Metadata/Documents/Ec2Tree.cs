using System.Text.Json.Nodes;
using static Appliance.Agent.Metadata.Documents.MetadataVersions;

namespace Appliance.Agent.Metadata.Documents;

/// <summary>The EC2 tree. Behaviour: nova/api/metadata/base.py, <c>get_ec2_metadata</c>, <c>ec2_md_print</c>, <c>find_path_in_tree</c>.</summary>
internal static class Ec2Tree
{
    private const string MetaData = "meta-data";
    private const string UserData = "user-data";
    private const string PublicKeys = "public-keys";

    /// <param name="tokens">The parts of the path, the version first.</param>
    /// <param name="requester">The address of the guest, for a server without IPv4.</param>
    public static MetadataContent? Find(MetadataServer server, ReadOnlySpan<string> tokens, string? requester)
    {
        if (Resolve(Ec2, tokens[0]) is not { } version)
            return null;

        byte[]? userData = server.UserData;
        switch (tokens)
        {
            case [_]:
                return MetadataContent.List(userData is null ? [MetaData + "/"] : [MetaData + "/", UserData]);
            case [_, UserData]:
                return userData is null ? null : new MetadataContent(userData, MetadataContent.PlainText);
            case [_, MetaData, .. var path]:
                return Walk(Build(server, version, requester), path, server);
            default:
                return null;
        }
    }

    /// <summary>The tree below <c>meta-data</c>; objects are folders, everything else is shown as text.</summary>
    public static JsonObject Build(MetadataServer server, string version, string? requester)
    {
        var metadata = server.Metadata;
        var image = server.Server.Image;
        var tree = new JsonObject
        {
            ["ami-id"] = MetadataServer.Ec2Id("ami", image?.Id),
            ["ami-launch-index"] = metadata.LaunchIndex,
            ["ami-manifest-path"] = "FIXME",
            ["instance-id"] = MetadataServer.Ec2Id("i", server.Server.Id),
            ["hostname"] = server.HostName,
            ["local-ipv4"] = server.FirstIpv4 ?? requester,
            ["reservation-id"] = metadata.ReservationId ?? MetadataServer.Ec2Id("r", server.Server.Id),
            ["security-groups"] = new JsonArray([.. metadata.SecurityGroupNames.Select(name => JsonValue.Create(name))]),
        };
        if (metadata.KeyPairs is [var key, ..])
            tree[PublicKeys] = new JsonObject { ["0"] = new JsonObject { ["openssh-key"] = key.PublicKey } };
        AddLater(tree, server, version);
        return tree;
    }

    private static void AddLater(JsonObject tree, MetadataServer server, string version)
    {
        if (Has(Ec2, version, "2007-01-19"))
        {
            tree["local-hostname"] = server.HostName;
            tree["public-hostname"] = server.HostName;
            tree["public-ipv4"] = server.FloatingIpv4 ?? "";
        }

        if (Has(Ec2, version, "2007-08-29"))
            tree["instance-type"] = server.Metadata.FlavorName;
        if (Has(Ec2, version, "2007-12-15"))
        {
            tree["block-device-mapping"] =
                new JsonObject(DiskNames.List(server.Server).Select(disk => KeyValuePair.Create(disk.Role, (JsonNode?)disk.Device)));
            if (server.Server.Image?.Kernel is { } kernel)
                tree["kernel-id"] = MetadataServer.Ec2Id("aki", kernel.Id);
            if (server.Server.Image?.Ramdisk is { } ramdisk)
                tree["ramdisk-id"] = MetadataServer.Ec2Id("ari", ramdisk.Id);
        }

        if (Has(Ec2, version, "2008-02-01"))
            tree["placement"] = new JsonObject { ["availability-zone"] = server.Metadata.AvailabilityZone };
        if (Has(Ec2, version, "2008-09-01"))
            tree["instance-action"] = "none";
    }

    private static MetadataContent? Walk(JsonObject tree, ReadOnlySpan<string> path, MetadataServer server)
    {
        JsonNode? node = tree;
        bool isKeyList = path is [PublicKeys];
        foreach (string name in path)
        {
            if (node is not JsonObject folder || !folder.TryGetPropertyValue(name, out node))
                return null;
        }

        return node switch
        {
            // A key's folder is listed with its name, and without the slash.
            JsonObject when isKeyList => MetadataContent.List([$"0={server.Metadata.KeyPairs[0].Name}"]),
            JsonObject folder => MetadataContent.List(
                folder.Select(entry => entry.Value is JsonObject ? entry.Key + "/" : entry.Key).Order(StringComparer.Ordinal)),
            JsonArray list => MetadataContent.List(list.Select(entry => entry!.ToString())),
            _ => MetadataContent.Text(node?.ToString() ?? "None"),
        };
    }
}
