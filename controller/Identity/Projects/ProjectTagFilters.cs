using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.Projects;

/// <summary><c>tags</c> (all of them), <c>tags-any</c>, <c>not-tags</c> (not all of them), <c>not-tags-any</c>; each a comma-separated list.</summary>
internal static class ProjectTagFilters
{
    public static void Add(CollectionQuery collection, IQueryCollection query)
    {
        Add(collection, query, "tags", " AND ", "");
        Add(collection, query, "tags-any", " OR ", "");
        Add(collection, query, "not-tags", " AND ", "NOT ");
        Add(collection, query, "not-tags-any", " OR ", "NOT ");
    }

    private static void Add(CollectionQuery collection, IQueryCollection query, string key, string join, string not)
    {
        if (!query.TryGetValue(key, out var values))
            return;
        var conditions = new List<string>();
        foreach (var tag in (values[0] ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var name = $"tag{collection.Parameters.Count}";
            conditions.Add($"REPLACE(p.tags, @{name}, '') <> p.tags");
            collection.And("1 = 1", (name, $",{tag},"));
        }

        if (conditions.Count > 0)
            collection.And($"{not}({string.Join(join, conditions)})");
    }
}
