using System.Text.Json;
using System.Text.Json.Serialization;
using Appliance.Protocol.Documents;
using Appliance.Protocol.Link;

namespace Appliance.Protocol;

/// <summary>Wire form of everything controller and agent exchange. Unknown members are ignored, so that either side can be upgraded first.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(LinkMessage))]
[JsonSerializable(typeof(EnrolRequest))]
[JsonSerializable(typeof(EnrolResponse))]
[JsonSerializable(typeof(RenewRequest))]
[JsonSerializable(typeof(EnrolRefusal))]
[JsonSerializable(typeof(DesiredDocument))]
[JsonSerializable(typeof(ObjectStatus))]
[JsonSerializable(typeof(NetworkDocument))]
[JsonSerializable(typeof(PortDocument))]
[JsonSerializable(typeof(NeighborDocument))]
[JsonSerializable(typeof(SecurityGroupDocument))]
[JsonSerializable(typeof(AddressSetDocument))]
[JsonSerializable(typeof(RouterDocument))]
[JsonSerializable(typeof(ServerDocument))]
[JsonSerializable(typeof(ServerStatusDetails))]
[JsonSerializable(typeof(ConsoleLogArguments))]
[JsonSerializable(typeof(ConsoleLogResult))]
[JsonSerializable(typeof(HostUptimeResult))]
[JsonSerializable(typeof(NodeReport))]
public sealed partial class ProtocolJson : JsonSerializerContext;
