using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Placement.Allocations;
using Appliance.Controller.Placement.Inventories;

namespace Appliance.Controller.Placement.Usages;

/// <summary>Sums of allocations on the wire.</summary>
internal static class UsageView
{
    public static ApiResult OfProvider(long generation, List<(Inventory Inventory, long Used)> rows) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WriteNumber("resource_provider_generation", generation);
        WriteClasses(json, "usages", rows.Select(static row => (row.Inventory.ResourceClass, row.Used)));
        json.WriteEndObject();
    });

    /// <summary>Without types: what versions before 1.38 show.</summary>
    public static ApiResult OfProject(IEnumerable<TypeUse> uses) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        WriteClasses(json, "usages", SumByClass(uses));
        json.WriteEndObject();
    });

    /// <param name="asked">A type, <c>all</c> for all as one, or <c>unknown</c>; null: each type by itself.</param>
    public static ApiResult ByType(IReadOnlyList<TypeUse> uses, IReadOnlyList<(string? Type, long Count)> counts, string? asked)
    {
        var isWhole = asked == "all";
        var groups = uses.GroupBy(use => isWhole ? asked! : use.Type ?? Consumer.UnknownType)
            .Where(group => asked is null || group.Key == asked).ToList();
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("usages");
            foreach (var group in groups)
            {
                json.WriteStartObject(group.Key);
                foreach (var (name, used) in SumByClass(group))
                    json.WriteNumber(name, used);
                json.WriteNumber("consumer_count", counts
                    .Where(row => isWhole || (row.Type ?? Consumer.UnknownType) == group.Key).Sum(static row => row.Count));
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    private static IEnumerable<(string, long)> SumByClass(IEnumerable<TypeUse> uses) =>
        uses.GroupBy(static use => use.ResourceClass).Select(static same => (same.Key, same.Sum(static use => use.Used)));

    private static void WriteClasses(Utf8JsonWriter json, string name, IEnumerable<(string ResourceClass, long Used)> classes)
    {
        json.WriteStartObject(name);
        foreach (var (resourceClass, used) in classes)
            json.WriteNumber(resourceClass, used);
        json.WriteEndObject();
    }
}
