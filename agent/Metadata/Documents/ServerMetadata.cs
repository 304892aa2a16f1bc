using System.Security.Cryptography;
using System.Text.Json;
using static Appliance.Agent.Metadata.Documents.MetadataVersions;

namespace Appliance.Agent.Metadata.Documents;

/// <summary><c>meta_data.json</c>. Behaviour: nova/api/metadata/base.py, <c>_metadata_as_json</c>.</summary>
internal static class ServerMetadata
{
    private const int RandomSeedLength = 512;

    /// <param name="files">Injected files with their place in the config drive, which alone has them.</param>
    /// <param name="adminPassword">Told in the config drive only.</param>
    public static byte[] Write(MetadataServer server, string version, IReadOnlyList<(string Path, string ContentPath)> files, string? adminPassword) =>
        JsonText.Write(json =>
        {
            json.WriteStartObject();
            json.WriteString("uuid", server.Server.Id);
            WriteMeta(json, server.Metadata.Meta);
            WriteFiles(json, files);
            if (adminPassword is not null)
                json.WriteString("admin_pass", adminPassword);
            WriteKeys(json, server);
            json.WriteString("hostname", server.HostName);
            json.WriteString("name", server.Server.Name);
            json.WriteNumber("launch_index", server.Metadata.LaunchIndex);
            json.WriteString("availability_zone", server.Metadata.AvailabilityZone);
            if (Has(OpenStack, version, Grizzly))
                json.WriteBase64String("random_seed", RandomNumberGenerator.GetBytes(RandomSeedLength));
            if (Has(OpenStack, version, Liberty))
                json.WriteString("project_id", server.Server.ProjectId);
            if (Has(OpenStack, version, NewtonOne))
                WriteEmptyArray(json, "devices");
            if (Has(OpenStack, version, Victoria))
                WriteEmptyArray(json, "dedicated_cpus");
            json.WriteEndObject();
        });

    private static void WriteMeta(Utf8JsonWriter json, IReadOnlyDictionary<string, string> meta)
    {
        if (meta.Count == 0)
            return;

        json.WriteStartObject("meta");
        foreach (var (key, value) in meta)
            json.WriteString(key, value);
        json.WriteEndObject();
    }

    private static void WriteFiles(Utf8JsonWriter json, IReadOnlyList<(string Path, string ContentPath)> files)
    {
        if (files.Count == 0)
            return;

        json.WriteStartArray("files");
        foreach (var (path, contentPath) in files)
        {
            json.WriteStartObject();
            json.WriteString("path", path);
            json.WriteString("content_path", contentPath);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteKeys(Utf8JsonWriter json, MetadataServer server)
    {
        if (server.Metadata.KeyPairs is not [var key, ..])
            return;

        json.WriteStartObject("public_keys");
        json.WriteString(key.Name, key.PublicKey);
        json.WriteEndObject();
        json.WriteStartArray("keys");
        json.WriteStartObject();
        json.WriteString("name", key.Name);
        json.WriteString("type", key.Type);
        json.WriteString("data", key.PublicKey);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    // Nothing here is tagged or pinned: Nova shows empty lists then.
    private static void WriteEmptyArray(Utf8JsonWriter json, string name)
    {
        json.WriteStartArray(name);
        json.WriteEndArray();
    }
}
