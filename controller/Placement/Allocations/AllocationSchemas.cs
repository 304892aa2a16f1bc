using System.Text.Json;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Placement.Allocations;

/// <summary>Bodies that write allocations, which changed form again and again (placement/schemas/allocation.py).</summary>
internal static class AllocationSchemas
{
    /// <summary>One consumer. An empty object takes its allocations away since consumers have generations.</summary>
    public static readonly VersionedSchema One = new(
        (PlacementVersions.Min, ByList()),
        (PlacementVersions.ConsumerOwner, Owned(ByList())),
        (PlacementVersions.AllocationsByProvider, ByProvider(least: 1)),
        (PlacementVersions.ConsumerGeneration, WithGeneration()),
        (PlacementVersions.Mappings, WithMappings()),
        (PlacementVersions.ConsumerType, WithType()));

    /// <summary>Several consumers by their UUIDs.</summary>
    public static readonly VersionedSchema Many = ManyOf(least: 1);

    /// <summary>As <see cref="Many"/>, with the number of consumers it must have at least.</summary>
    public static VersionedSchema ManyOf(int least) => new(
        (PlacementVersions.Min, ByConsumer(least, ByProvider(least: 0))),
        (PlacementVersions.ConsumerGeneration, ByConsumer(least, WithGeneration())),
        (PlacementVersions.Mappings, ByConsumer(least, WithMappings())),
        (PlacementVersions.ConsumerType, ByConsumer(least, WithType())));

    private static JsonSchema ByConsumer(int least, JsonSchema one) =>
        JsonSchema.Object.Closed().Properties(least).PatternProperty(PlacementIds.KeyPattern, one);

    private static JsonSchema ByList() => JsonSchema.Object.Closed().Required("allocations", JsonSchema.Array(JsonSchema.Object.Closed()
        .Required("resource_provider", JsonSchema.Object.Closed().Required("uuid", PlacementIds.Schema))
        .Required("resources", Resources())).Count(1));

    private static JsonSchema ByProvider(int least) => Owned(JsonSchema.Object.Closed().Required("allocations",
        JsonSchema.Object.Closed().Properties(least).PatternProperty(PlacementIds.KeyPattern, JsonSchema.Object.Closed()
            .Property("generation", JsonSchema.Integer()).Required("resources", Resources()))));

    private static JsonSchema WithGeneration() => ByProvider(least: 0).Required("consumer_generation", JsonSchema.Of("integer", "null"));

    // Which group of a request each provider was for; it says nothing that is kept.
    private static JsonSchema WithMappings() => WithGeneration().Property("mappings", JsonSchema.Object.Properties(1)
        .PatternProperty("[a-zA-Z0-9_-]{1,64}", JsonSchema.Array(PlacementIds.Schema).Count(1)));

    private static JsonSchema WithType() => WithMappings().Required("consumer_type", JsonSchema.String(1, 255).Pattern("^[A-Z0-9_]+$"));

    private static JsonSchema Resources() => JsonSchema.Object.Closed().Properties(1).PatternProperty("^[A-Z0-9_]+$", JsonSchema.Integer(1));

    private static JsonSchema Owned(JsonSchema schema) => schema
        .Required("project_id", JsonSchema.String(1, 255)).Required("user_id", JsonSchema.String(1, 255));
}

/// <summary>Reads bodies that write allocations.</summary>
internal static class AllocationReader
{
    public static List<WantedAllocations> ReadMany(JsonElement body) => [.. body.Members().Select(static member => ReadOne(member.Key, member.Value))];

    public static WantedAllocations ReadOne(string consumerId, JsonElement body) => new(
        consumerId, body.StringOrNull("project_id"), body.StringOrNull("user_id"), body.Int64OrNull("consumer_generation"),
        body.StringOrNull("consumer_type"),
        [.. ByProvider(body.GetProperty("allocations")).SelectMany(static item => item.Value.GetProperty("resources").Members()
            .Select(amount => (item.Key, amount.Key, amount.Value.GetInt64())))]);

    private static Dictionary<string, JsonElement> ByProvider(JsonElement allocations)
    {
        if (allocations.ValueKind == JsonValueKind.Object)
            return allocations.Members();
        var items = new Dictionary<string, JsonElement>();
        foreach (var item in allocations.EnumerateArray())
            items[item.GetProperty("resource_provider").StringOrNull("uuid")!] = item;
        return items;
    }
}
