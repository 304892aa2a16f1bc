using System.Text.Json;
using System.Text.Json.Serialization;
using Appliance.Protocol;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Tests.Node;

/// <summary>Desired documents of the simplest kind.</summary>
internal static class TestDocuments
{
    public static DesiredDocument AddressSet(string id, long generation, int addresses = 2)
    {
        var body = new AddressSetDocument(id, [.. Enumerable.Range(0, addresses).Select(n => $"10.{generation % 250}.{n / 250}.{n % 250}")]);
        return new DesiredDocument(
            DocumentKinds.AddressSet, id, generation, JsonSerializer.SerializeToElement(body, ProtocolJson.Default.AddressSetDocument));
    }
}

[JsonSerializable(typeof(int))]
internal sealed partial class TestJson : JsonSerializerContext;
