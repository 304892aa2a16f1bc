using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Placement.Providers;

/// <summary>Bodies and queries of providers (placement/schemas/resource_provider.py).</summary>
internal static class ProviderSchemas
{
    public static readonly VersionedSchema Create = new(
        (PlacementVersions.Min, Body().Property("uuid", PlacementIds.Schema)),
        (PlacementVersions.Trees, WithParent(Body().Property("uuid", PlacementIds.Schema))));

    public static readonly VersionedSchema Update = new((PlacementVersions.Min, Body()), (PlacementVersions.Trees, WithParent(Body())));

    public static readonly VersionedSchema List = new(
        (PlacementVersions.Min, Query()),
        (PlacementVersions.MemberOf, Query("member_of")),
        (PlacementVersions.ResourcesFilter, Query("member_of", "resources")),
        (PlacementVersions.Trees, InTree(Query("member_of", "resources"))),
        (PlacementVersions.RequiredTraits, InTree(Query("member_of", "resources", "required"))));

    private static JsonSchema Body() => JsonSchema.Object.Closed().Required("name", JsonSchema.String(max: 200));

    private static JsonSchema WithParent(JsonSchema body) =>
        body.Property("parent_provider_uuid", JsonSchema.Any.AnyOf(PlacementIds.Schema, JsonSchema.Of("null")));

    private static JsonSchema Query(params string[] keys)
    {
        var schema = JsonSchema.Object.Closed().Property("name", JsonSchema.String()).Property("uuid", PlacementIds.Schema);
        foreach (var key in keys)
            schema.Property(key, JsonSchema.String());
        return schema;
    }

    private static JsonSchema InTree(JsonSchema query) => query.Property("in_tree", PlacementIds.Schema);
}
