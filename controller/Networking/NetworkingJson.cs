using System.Text.Json.Serialization;
using Appliance.Controller.Networking.Ports;
using Appliance.Controller.Networking.Subnets;

namespace Appliance.Controller.Networking;

/// <summary>The lists inside resources, stored as the JSON text that the API shows.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(List<string>))]
[JsonSerializable(typeof(List<HostRoute>))]
[JsonSerializable(typeof(List<AllocationPool>))]
[JsonSerializable(typeof(List<FixedIp>))]
[JsonSerializable(typeof(List<AddressPair>))]
[JsonSerializable(typeof(List<DhcpOption>))]
internal sealed partial class NetworkingJson : JsonSerializerContext;
