using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Placement.Candidates;

/// <summary>Query strings of candidates (placement/schemas/allocation_candidate.py).</summary>
internal static class CandidateSchemas
{
    /// <summary>Name of a group before version 1.33, and since.</summary>
    public const string NumberSuffix = "[1-9][0-9]*";
    public const string NameSuffix = "[a-zA-Z0-9_-]{1,64}";

    public static readonly VersionedSchema Query = new(
        (PlacementVersions.Min, Single()),
        (PlacementVersions.CandidateLimit, Limited(Single())),
        (PlacementVersions.CandidateTraits, Limited(Single("required"))),
        (PlacementVersions.CandidateMemberOf, Limited(Single("required", "member_of"))),
        (PlacementVersions.Groups, Grouped(NumberSuffix, "resources", "required", "member_of")),
        (PlacementVersions.CandidateInTree, Grouped(NumberSuffix, "resources", "required", "member_of", "in_tree")),
        (PlacementVersions.NamedGroups, Named()),
        (PlacementVersions.RootRequired, Named().Property("root_required", JsonSchema.String())),
        (PlacementVersions.SameSubtree,
            Named().Property("root_required", JsonSchema.String()).Property("same_subtree", JsonSchema.String())));

    private static JsonSchema Single(params string[] more)
    {
        var schema = JsonSchema.Object.Closed().Required("resources", JsonSchema.String());
        foreach (var key in more)
            schema.Property(key, JsonSchema.String());
        return schema;
    }

    private static JsonSchema Named() => Grouped(NameSuffix, "resources", "required", "member_of", "in_tree");

    private static JsonSchema Grouped(string suffix, params string[] keys)
    {
        var schema = Limited(JsonSchema.Object.Closed()).Property("group_policy", JsonSchema.String().Values("none", "isolate"));
        foreach (var key in keys)
            schema.PatternProperty($"^{key}({suffix})?$", JsonSchema.String());
        return schema;
    }

    private static JsonSchema Limited(JsonSchema schema) => schema.Property("limit", JsonSchema.String(1).Pattern("^[1-9][0-9]*$"));
}
