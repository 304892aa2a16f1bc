using System.Buffers;
using System.Text.Json;
using Appliance.Controller.Http;

namespace Appliance.Controller.Identity.Discovery;

/// <summary>
/// The JSON-Home document: which resources there are, what they are called and where they lie. It tells of those only that the route table has.
/// Source: draft-nottingham-json-home-03; keystone/common/json_home.py, keystone/server/flask/common.py.
/// </summary>
internal sealed class JsonHome
{
    public const string MediaType = "application/json-home";

    private JsonHome(byte[] ofVersion, byte[] ofRoot)
    {
        OfVersion = ofVersion;
        OfRoot = ofRoot;
    }

    /// <summary>UTF-8 JSON for <c>/v3</c>: paths begin below it.</summary>
    public ReadOnlyMemory<byte> OfVersion { get; }

    /// <summary>UTF-8 JSON for the root: paths begin with <c>/v3</c>.</summary>
    public ReadOnlyMemory<byte> OfRoot { get; }

    /// <param name="v3Path">What the patterns of version 3 begin with: <c>/identity/v3</c>.</param>
    public static JsonHome Of(IEnumerable<ApiOperation> operations, string v3Path)
    {
        var shapes = operations.Select(static operation => operation.Pattern)
            .Where(pattern => pattern.StartsWith(v3Path + "/", StringComparison.Ordinal))
            .Select(pattern => ShapeOf(pattern[v3Path.Length..])).ToHashSet(StringComparer.Ordinal);
        var resources = JsonHomeResource.ReadAll().Where(resource => shapes.Contains(ShapeOf(resource.Path))).ToList();
        return new JsonHome(Write(resources, ""), Write(resources, "/v3"));
    }

    private static byte[] Write(List<JsonHomeResource> resources, string prefix)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(output, JsonBody.Options))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("resources");
            foreach (var resource in resources)
                resource.Write(writer, prefix);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return output.WrittenSpan.ToArray();
    }

    // Upstream calls some variables otherwise than the table here does; what a path means does not hang on that.
    private static string ShapeOf(string path) =>
        string.Join('/', path.Split('/').Select(static segment => segment.StartsWith('{') ? "{}" : segment));
}
