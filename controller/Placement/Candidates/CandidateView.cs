using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Placement.Providers;

namespace Appliance.Controller.Placement.Candidates;

/// <summary>Candidates on the wire. Each is in the form that writing allocations takes in the same version.</summary>
internal static class CandidateView
{
    public static ApiResult List(ApiRequest request, CandidateQuery query, CandidateList list) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("allocation_requests");
        foreach (var candidate in list.Candidates)
            WriteCandidate(json, request, candidate);
        json.WriteEndArray();

        var asked = query.Groups.SelectMany(static group => group.Filter.Resources.Keys).ToHashSet();
        json.WriteStartObject("provider_summaries");
        foreach (var provider in list.Summaries)
            WriteSummary(json, request, provider, asked);
        json.WriteEndObject();
        json.WriteEndObject();
    });

    private static void WriteCandidate(Utf8JsonWriter json, ApiRequest request, Candidate candidate)
    {
        var byProvider = candidate.Shares.GroupBy(static share => share.Provider.Id);
        json.WriteStartObject();
        if (request.Has(PlacementVersions.AllocationsByProvider))
            WriteByProvider(json, byProvider);
        else
            WriteAsList(json, byProvider);
        if (request.Has(PlacementVersions.Mappings))
            WriteMappings(json, candidate);
        json.WriteEndObject();
    }

    private static void WriteByProvider(Utf8JsonWriter json, IEnumerable<IGrouping<string, Share>> providers)
    {
        json.WriteStartObject("allocations");
        foreach (var provider in providers)
        {
            json.WriteStartObject(provider.Key);
            WriteAmounts(json, provider);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteAsList(Utf8JsonWriter json, IEnumerable<IGrouping<string, Share>> providers)
    {
        json.WriteStartArray("allocations");
        foreach (var provider in providers)
        {
            json.WriteStartObject();
            json.WriteStartObject("resource_provider");
            json.WriteString("uuid", provider.Key);
            json.WriteEndObject();
            WriteAmounts(json, provider);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteMappings(Utf8JsonWriter json, Candidate candidate)
    {
        json.WriteStartObject("mappings");
        foreach (var (suffix, providers) in candidate.Mappings)
        {
            json.WriteStartArray(suffix);
            foreach (var id in providers)
                json.WriteStringValue(id);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteAmounts(Utf8JsonWriter json, IEnumerable<Share> shares)
    {
        json.WriteStartObject("resources");
        foreach (var share in shares)
            json.WriteNumber(share.ResourceClass, share.Amount);
        json.WriteEndObject();
    }

    private static void WriteSummary(Utf8JsonWriter json, ApiRequest request, ProviderState provider, HashSet<string> asked)
    {
        json.WriteStartObject(provider.Id);
        json.WriteStartObject("resources");
        foreach (var (inventory, used) in provider.Inventories)
        {
            if (!request.Has(PlacementVersions.AllClassesInSummaries) && !asked.Contains(inventory.ResourceClass))
                continue;
            json.WriteStartObject(inventory.ResourceClass);
            json.WriteNumber("capacity", inventory.Capacity);
            json.WriteNumber("used", used);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        if (request.Has(PlacementVersions.CandidateTraits))
        {
            json.WriteStartArray("traits");
            foreach (var trait in provider.Traits.Order(StringComparer.Ordinal))
                json.WriteStringValue(trait);
            json.WriteEndArray();
        }

        if (request.Has(PlacementVersions.NestedCandidates))
        {
            json.WriteString("parent_provider_uuid", provider.Provider.ParentId);
            json.WriteString("root_provider_uuid", provider.RootId);
        }

        json.WriteEndObject();
    }
}
