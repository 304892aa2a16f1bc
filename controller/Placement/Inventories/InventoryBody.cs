using System.Text.Json;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Placement.Inventories;

/// <summary>Bodies of inventories (placement/schemas/inventory.py).</summary>
internal static class InventoryBody
{
    // The largest single-precision number, which is what the real service's column holds.
    private const double LargestRatio = 3.40282e+38;

    public static readonly JsonSchema One = Fields().Required("resource_class", JsonSchema.String().Pattern("^[A-Z0-9_]+$"))
        .Property("resource_provider_generation", JsonSchema.Integer());

    public static readonly JsonSchema Update = Fields().Required("resource_provider_generation", JsonSchema.Integer());

    public static readonly JsonSchema All = Replacement();

    /// <summary>All inventories of a provider, with the generation that was seen of it.</summary>
    public static JsonSchema Replacement() => JsonSchema.Object.Closed()
        .Required("resource_provider_generation", JsonSchema.Integer())
        .Required("inventories", JsonSchema.Object.PatternProperty(
            "^[A-Z0-9_]+$", Fields().Property("resource_provider_generation", JsonSchema.Integer())));

    /// <summary>Reads the inventories of a replacement.</summary>
    /// <param name="unknownClass">Set when a member's name is no name of a class; the schema lets such through unread.</param>
    public static List<Inventory> ReadAll(JsonElement body, out string? unknownClass)
    {
        var members = body.GetProperty("inventories").Members();
        unknownClass = members.Keys.FirstOrDefault(static name => !IsName(name));
        return unknownClass is not null ? [] : [.. members.Select(static member => Read(member.Key, member.Value))];
    }

    public static Inventory Read(string resourceClass, JsonElement body) => new(
        resourceClass, body.Int64OrNull("total")!.Value, body.Int64OrNull("reserved") ?? 0, body.Int64OrNull("min_unit") ?? 1,
        body.Int64OrNull("max_unit") ?? Inventory.Unlimited, body.Int64OrNull("step_size") ?? 1,
        body.Member("allocation_ratio") is { } ratio ? ratio.GetDouble() : 1.0);

    private static JsonSchema Fields() => JsonSchema.Object.Closed()
        .Required("total", JsonSchema.Integer(1, Inventory.Unlimited)).Property("reserved", JsonSchema.Integer(0, Inventory.Unlimited))
        .Property("min_unit", JsonSchema.Integer(1, Inventory.Unlimited)).Property("max_unit", JsonSchema.Integer(1, Inventory.Unlimited))
        .Property("step_size", JsonSchema.Integer(1, Inventory.Unlimited))
        .Property("allocation_ratio", JsonSchema.Of("number").Rule(CheckRatio, "maximum"));

    private static bool IsName(string name) =>
        name.Length > 0 && name.All(static character => char.IsAsciiLetterUpper(character) || char.IsAsciiDigit(character) || character == '_');

    private static string? CheckRatio(JsonElement value) => value.ValueKind == JsonValueKind.Number && Math.Abs(value.GetDouble()) > LargestRatio
        ? $"{value.GetRawText()} is greater than the maximum of 3.40282e+38" : null;
}
