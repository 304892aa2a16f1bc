using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Networking.Resources;

/// <summary>
/// The query string of a list: filters, fields, order and page. Source: neutron/api/api_common.py (get_filters, get_sorts,
/// get_limit_and_marker, PaginationNativeHelper).
/// </summary>
/// <param name="Limit">0: no limit, and then no page links.</param>
/// <param name="Sorts">SQL expressions with their direction; ends with the id.</param>
internal sealed record ListQuery(
    IReadOnlyList<(string Name, IReadOnlyList<string> Values)> Filters, IReadOnlyList<string> Fields,
    IReadOnlyList<(string Expression, bool Ascending)> Sorts, int Limit, string? Marker, bool IsReverse)
{
    private static readonly string[] Special = ["fields", "sort_key", "sort_dir", "limit", "marker", "page_reverse"];

    public static Outcome<ListQuery> Read<T>(IQueryCollection query, AttributeTable<T> attributes) where T : Resource
    {
        var filters = new List<(string, IReadOnlyList<string>)>();
        var unknown = new List<string>();
        foreach (var (key, values) in query)
        {
            if (Special.Contains(key))
                continue;
            if (attributes.Find(key)?.Filter is null)
                unknown.Add(key);
            else
                filters.Add((key, [.. values.Select(static value => value ?? "")]));
        }

        if (unknown.Count > 0)
            return NeutronErrors.BadRequest($"[{string.Join(", ", unknown.Select(PythonText.Quote))}] is invalid attribute for filtering");
        if (ReadSorts(query, attributes).Failed(out var badSort, out var sorts))
            return badSort;
        if (!TryLimit(query, out var limit))
            return NeutronErrors.Invalid("BadRequest", $"Bad limit request: Limit must be an integer 0 or greater and not '{query["limit"][0]}'.");

        var marker = limit > 0 ? query["marker"].FirstOrDefault(static text => !string.IsNullOrEmpty(text)) : null;
        var isReverse = string.Equals(query["page_reverse"].FirstOrDefault(), "true", StringComparison.OrdinalIgnoreCase);
        return new ListQuery(filters, [.. query["fields"].OfType<string>().Where(static field => field.Length > 0)], sorts, limit, marker, isReverse);
    }

    /// <summary>Adds the filters to a condition.</summary>
    public Fault? Apply<T>(SqlCondition condition, AttributeTable<T> attributes) where T : Resource
    {
        foreach (var (name, values) in Filters)
        {
            if (attributes.Find(name)!.Filter!(condition, values) is { } fault)
                return fault;
        }

        return null;
    }

    /// <summary>Keeps what comes after the marker in the order of the sorts: (a &gt; m.a) or (a = m.a and (b &gt; m.b or …)).</summary>
    public void ApplyMarker(SqlCondition condition, string table)
    {
        if (Marker is null)
            return;
        var marker = condition.Bind(Marker);
        var alternatives = new List<string>();
        for (var last = 0; last < Sorts.Count; last++)
        {
            var terms = Sorts.Take(last).Select(sort => $"{sort.Expression} = {OfMarker(sort.Expression)}")
                .Append($"{Sorts[last].Expression} {(Sorts[last].Ascending != IsReverse ? ">" : "<")} {OfMarker(Sorts[last].Expression)}");
            alternatives.Add($"({string.Join(" AND ", terms)})");
        }

        condition.And(string.Join(" OR ", alternatives));

        string OfMarker(string expression) =>
            $"(SELECT {expression.Replace("r.", "m.", StringComparison.Ordinal)} FROM {table} m WHERE m.id = {marker})";
    }

    public string OrderBy =>
        " ORDER BY " + string.Join(", ", Sorts.Select(sort => sort.Expression + (sort.Ascending != IsReverse ? "" : " DESC")))
        + (Limit > 0 ? string.Create(CultureInfo.InvariantCulture, $" LIMIT {Limit}") : "");

    private static Outcome<List<(string, bool)>> ReadSorts<T>(IQueryCollection query, AttributeTable<T> attributes) where T : Resource
    {
        var keys = query["sort_key"].OfType<string>().Where(static key => key.Length > 0).ToList();
        var directions = query["sort_dir"].OfType<string>().Where(static direction => direction.Length > 0).ToList();
        if (keys.Count != directions.Count)
            return NeutronErrors.BadRequest("The number of sort_keys and sort_dirs must be same");
        var bad = keys.Where(key => attributes.Find(key)?.SortExpression is null).Select(PythonText.Quote).ToList();
        if (bad.Count > 0)
            return NeutronErrors.BadRequest($"[{string.Join(", ", bad)}] is invalid attribute for sort_keys");
        var badDirections = directions.Where(static direction => direction is not ("asc" or "desc")).Select(PythonText.Quote).ToList();
        if (badDirections.Count > 0)
        {
            return NeutronErrors.BadRequest(
                $"[{string.Join(", ", badDirections)}] is invalid value for sort_dirs, valid value is 'asc' and 'desc'");
        }

        var sorts = keys.Zip(directions).Select(pair => (attributes.Find(pair.First)!.SortExpression!, pair.Second == "asc")).ToList();
        // The id makes the order total, so that a marker names one place in it.
        if (!keys.Contains("id"))
            sorts.Add(("r.id", true));
        return sorts;
    }

    private static bool TryLimit(IQueryCollection query, out int limit)
    {
        limit = 0;
        return !query.TryGetValue("limit", out var values)
            || (int.TryParse(values[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out limit) && limit >= 0);
    }
}
