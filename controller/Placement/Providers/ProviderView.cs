using System.Text.Json;
using Appliance.Controller.Http;

namespace Appliance.Controller.Placement.Providers;

/// <summary>Providers on the wire.</summary>
internal static class ProviderView
{
    private static readonly (string Relation, Microversion Since)[] Links =
    [
        ("inventories", PlacementVersions.Min), ("usages", PlacementVersions.Min), ("aggregates", PlacementVersions.Aggregates),
        ("traits", PlacementVersions.Traits), ("allocations", PlacementVersions.AllocationLinks),
    ];

    public static ApiResult Show(ApiRequest request, ResourceProvider provider) =>
        ApiResult.Ok(json => Write(json, request, provider)).Fresh(request, provider.UpdatedAt);

    public static ApiResult List(ApiRequest request, IReadOnlyList<ResourceProvider> providers, DateTimeOffset now) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("resource_providers");
        foreach (var provider in providers)
            Write(json, request, provider);
        json.WriteEndArray();
        json.WriteEndObject();
    }).Fresh(request, providers.Count == 0 ? now : providers.Max(static provider => provider.UpdatedAt));

    private static void Write(Utf8JsonWriter json, ApiRequest request, ResourceProvider provider)
    {
        json.WriteStartObject();
        json.WriteString("uuid", provider.Id);
        json.WriteString("name", provider.Name);
        json.WriteNumber("generation", provider.Generation);
        json.WriteStartArray("links");
        var self = $"{request.Service.Prefix}/resource_providers/{provider.Id}";
        WriteLink(json, "self", self);
        foreach (var (relation, since) in Links)
        {
            if (request.Has(since))
                WriteLink(json, relation, $"{self}/{relation}");
        }

        json.WriteEndArray();
        if (request.Has(PlacementVersions.Trees))
        {
            json.WriteString("parent_provider_uuid", provider.ParentId);
            json.WriteString("root_provider_uuid", provider.RootId);
        }

        json.WriteEndObject();
    }

    private static void WriteLink(Utf8JsonWriter json, string relation, string address)
    {
        json.WriteStartObject();
        json.WriteString("rel", relation);
        json.WriteString("href", address);
        json.WriteEndObject();
    }
}
