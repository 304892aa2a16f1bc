using Appliance.Controller.Http;
using Appliance.Controller.Networking.Attributes;

namespace Appliance.Controller.Networking.Resources;

/// <summary>
/// The attributes all resources share. Source: neutron_lib/api/definitions/{base,standardattrdescription,timestamp,revisions,tag}.py.
/// </summary>
internal static class StandardAttributes
{
    // neutron_lib/db/constants.py
    public const int NameLength = 255;
    public const int DescriptionLength = 255;
    public const int ProjectLength = 255;

    public static ResourceAttribute<T> Id<T>() where T : Resource =>
        Attribute.Text<T>("id", static item => item.Id).FilterText("r.id").SortBy("r.id");

    public static ResourceAttribute<T> Name<T>() where T : Resource =>
        Attribute.Text<T>("name", static item => item.Name).Post("").Put().ReadBy(Read.Name(NameLength)).FilterText("r.name").SortBy("r.name");

    /// <summary>Owner, under its two names.</summary>
    public static IEnumerable<ResourceAttribute<T>> Owner<T>() where T : Resource =>
    [
        Attribute.Text<T>("tenant_id", static item => item.ProjectId).Post().ReadBy(Read.Text(ProjectLength))
            .FilterText("r.project_id").SortBy("r.project_id"),
        Attribute.Text<T>("project_id", static item => item.ProjectId).Post().ReadBy(Read.Text(ProjectLength))
            .FilterText("r.project_id").SortBy("r.project_id"),
    ];

    public static IEnumerable<ResourceAttribute<T>> Rest<T>() where T : Resource =>
    [
        Attribute.Text<T>("description", static item => item.Description).Post("").Put().ReadBy(Read.TextOrEmpty(DescriptionLength))
            .FilterText("r.description").SortBy("r.description"),
        Attribute.Text<T>("created_at", static item => Timestamps.Seconds(item.CreatedAt)).FilterBy(Instant("r.created_at")).SortBy("r.created_at"),
        Attribute.Text<T>("updated_at", static item => Timestamps.Seconds(item.UpdatedAt)).FilterBy(Instant("r.updated_at")).SortBy("r.updated_at"),
        Attribute.Number<T>("revision_number", static item => item.RevisionNumber).FilterNumber("r.revision_number").SortBy("r.revision_number"),
        Attribute.Hidden<T>("changed_since").FilterBy(ChangedSince),
    ];

    public static IEnumerable<ResourceAttribute<T>> Tags<T>() where T : Resource =>
    [
        Attribute.Texts<T>("tags", static item => item.Tags).FilterBy(Tagged(" AND ", "LIKE")),
        Attribute.Hidden<T>("tags-any").FilterBy(Tagged(" OR ", "LIKE")),
        Attribute.Hidden<T>("not-tags").FilterBy(Tagged(" OR ", "NOT LIKE")),
        Attribute.Hidden<T>("not-tags-any").FilterBy(Tagged(" AND ", "NOT LIKE")),
    ];

    private static FilterWriter Tagged(string join, string comparison) => (condition, values) =>
    {
        var tags = values.SelectMany(static value => value.Split(',')).Where(static tag => tag.Length > 0).ToList();
        if (tags.Count > 0)
            condition.And(string.Join(join, tags.Select(tag => $"r.tags {comparison} {condition.Bind($"%{Escape(TagText.Needle(tag))}%")} ESCAPE '!'")));
        return null;
    };

    private static string Escape(string text) =>
        text.Replace("!", "!!", StringComparison.Ordinal).Replace("%", "!%", StringComparison.Ordinal).Replace("_", "!_", StringComparison.Ordinal);

    // Shown with seconds, stored with microseconds: a filter means the whole second.
    private static FilterWriter Instant(string column) => (condition, values) =>
    {
        var parts = new List<string>();
        foreach (var value in values)
        {
            if (!TryInstant(value, out var instant))
                return NeutronErrors.InvalidInput($"The value '{value}' is not a time such as 2026-01-31T23:59:59Z");
            parts.Add($"({column} >= {condition.Bind(instant)} AND {column} < {condition.Bind(instant.AddSeconds(1))})");
        }

        condition.And(string.Join(" OR ", parts));
        return null;
    };

    private static Fault? ChangedSince(SqlCondition condition, IReadOnlyList<string> values)
    {
        if (!TryInstant(values[0], out var since))
            return NeutronErrors.InvalidInput($"The input {values[0]} must be in the following format: YYYY-MM-DDTHH:MM:SS[Z]");
        condition.And($"r.updated_at >= {condition.Bind(since)}");
        return null;
    }

    private static bool TryInstant(string text, out DateTimeOffset instant) => DateTimeOffset.TryParseExact(
        text, ["yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd' 'HH:mm:ss"], CultureInfo.InvariantCulture,
        DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out instant);
}
