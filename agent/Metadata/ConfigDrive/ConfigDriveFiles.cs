using System.Text.Json.Nodes;
using Appliance.Agent.Metadata.Documents;
using static Appliance.Agent.Metadata.Documents.MetadataVersions;

namespace Appliance.Agent.Metadata.ConfigDrive;

/// <summary>What a server's config drive holds. Behaviour: nova/api/metadata/base.py, <c>metadata_for_config_drive</c>.</summary>
internal static class ConfigDriveFiles
{
    /// <summary>Nova leaves out the older ones by default (<c>[api] config_drive_skip_versions</c>).</summary>
    private static readonly string[] Ec2Versions = ["2009-04-04", Latest];

    public static IReadOnlyList<ConfigDriveFile> List(MetadataServer server) => [.. Ec2Files(server), .. OpenStackFiles(server)];

    private static IEnumerable<ConfigDriveFile> Ec2Files(MetadataServer server)
    {
        byte[]? userData = server.UserData;
        foreach (string version in Ec2Versions)
        {
            JsonObject tree = Ec2Tree.Build(server, Resolve(Ec2, version)!, requester: null);
            yield return new($"ec2/{version}/meta-data.json", JsonText.Write(json => tree.WriteTo(json)));
            if (userData is not null)
                yield return new($"ec2/{version}/user-data", userData);
        }
    }

    private static IEnumerable<ConfigDriveFile> OpenStackFiles(MetadataServer server)
    {
        var injected = server.Metadata.Personality
            .Select((file, index) => (file.Path, Name: $"content/{index:d4}", Content: MetadataServer.Decode(file.ContentsBase64) ?? []))
            .ToList();
        var paths = injected.Select(file => (file.Path, "/" + file.Name)).ToList();
        byte[]? userData = server.UserData;
        byte[] networkData = NetworkData.Write(server);
        foreach (string name in OpenStack.Append(Latest))
        {
            string version = Resolve(OpenStack, name)!;
            string folder = $"openstack/{name}";
            yield return new($"{folder}/{OpenStackTree.MetaData}", ServerMetadata.Write(server, version, paths, server.Metadata.AdminPassword));
            if (userData is not null)
                yield return new($"{folder}/{OpenStackTree.UserData}", userData);
            if (Has(OpenStack, version, Liberty))
                yield return new($"{folder}/{OpenStackTree.NetworkDataName}", networkData);
            foreach (string vendor in (string[])[OpenStackTree.VendorData, OpenStackTree.VendorData2])
            {
                if (OpenStackTree.Find(server, [version, vendor]) is { } content)
                    yield return new($"{folder}/{vendor}", content.Body);
            }
        }

        foreach (var (_, name, content) in injected)
            yield return new($"openstack/{name}", content);
    }
}
