using System.Text.Json;
using Appliance.Controller.Http;

namespace Appliance.Controller.Placement.Allocations;

/// <summary>Allocations on the wire.</summary>
internal static class AllocationView
{
    /// <param name="consumer">Null: it holds nothing.</param>
    public static ApiResult OfConsumer(ApiRequest request, Consumer? consumer, List<Allocation> rows, DateTimeOffset now) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WriteStartObject("allocations");
        foreach (var provider in rows.GroupBy(static row => (row.ProviderId, row.ProviderGeneration)))
        {
            json.WriteStartObject(provider.Key.ProviderId);
            WriteResources(json, provider);
            json.WriteNumber("generation", provider.Key.ProviderGeneration);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        if (consumer is not null)
            WriteConsumer(json, request, consumer);
        json.WriteEndObject();
    }).Fresh(request, consumer?.UpdatedAt ?? now);

    public static ApiResult OfProvider(
        ApiRequest request, long generation, IReadOnlyDictionary<string, Consumer> consumers, List<Allocation> rows, DateTimeOffset now) =>
        ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("allocations");
            foreach (var consumer in rows.GroupBy(static row => row.ConsumerId))
            {
                json.WriteStartObject(consumer.Key);
                WriteResources(json, consumer);
                if (request.Has(PlacementVersions.ConsumerGeneration))
                    json.WriteNumber("consumer_generation", consumers[consumer.Key].Generation);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteNumber("resource_provider_generation", generation);
            json.WriteEndObject();
        }).Fresh(request, consumers.Count == 0 ? now : consumers.Values.Max(static consumer => consumer.UpdatedAt));

    private static void WriteConsumer(Utf8JsonWriter json, ApiRequest request, Consumer consumer)
    {
        if (!request.Has(PlacementVersions.AllocationsByProvider))
            return;
        json.WriteString("project_id", consumer.ProjectId);
        json.WriteString("user_id", consumer.UserId);
        if (request.Has(PlacementVersions.ConsumerGeneration))
            json.WriteNumber("consumer_generation", consumer.Generation);
        if (request.Has(PlacementVersions.ConsumerType))
            json.WriteString("consumer_type", consumer.Type ?? Consumer.UnknownType);
    }

    private static void WriteResources(Utf8JsonWriter json, IEnumerable<Allocation> rows)
    {
        json.WriteStartObject("resources");
        foreach (var row in rows)
            json.WriteNumber(row.ResourceClass, row.Used);
        json.WriteEndObject();
    }
}
