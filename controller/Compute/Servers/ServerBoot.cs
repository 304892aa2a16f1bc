using System.Text.Json;
using System.Text.Json.Serialization;
using Appliance.Protocol.Documents;

namespace Appliance.Controller.Compute.Servers;

/// <summary>What building a server needs and the API hardly ever shows: kept apart from the row that every list reads.</summary>
/// <param name="Image">With its digest: the image may be gone by the time the server is built again.</param>
/// <param name="Operations">Commands the node has not reported done.</param>
/// <param name="GuestPassword">What the guest has posted as its password; null: nothing, or it was cleared.</param>
/// <param name="PasswordEpoch">How often it was cleared.</param>
internal sealed record ServerBoot(
    ImageDocument? Image, string? UserDataBase64, IReadOnlyList<KeyPairDocument> KeyPairs, string? AdminPassword,
    IReadOnlyList<InjectedFileDocument> Personality, IReadOnlyDictionary<string, string> SchedulerHints, string? RequestedZone,
    IReadOnlyList<OperationDocument> Operations, bool ShouldRun, string? GuestPassword = null, int PasswordEpoch = 0);

/// <summary>Stored JSON of servers.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ServerBoot))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class ServerJson : JsonSerializerContext
{
    public static Dictionary<string, string> ReadStrings(string json) => JsonSerializer.Deserialize(json, Default.DictionaryStringString)!;
    public static string WriteStrings(IReadOnlyDictionary<string, string> strings) =>
        JsonSerializer.Serialize(strings as Dictionary<string, string> ?? new Dictionary<string, string>(strings), Default.DictionaryStringString);
}
