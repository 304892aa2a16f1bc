namespace Appliance.Controller.Http;

/// <summary>A page of a list: at most <paramref name="Limit"/> items after the item with id <paramref name="Marker"/>.</summary>
/// <param name="Limit">Null: no limit asked and none configured.</param>
internal sealed record Page(int? Limit, string? Marker)
{
    /// <summary>Reads <c>limit</c> and <c>marker</c>; the limit is capped, never refused, above <paramref name="maxLimit"/>.</summary>
    public static Outcome<Page> Read(IQueryCollection query, int? maxLimit)
    {
        var marker = query.TryGetValue("marker", out var markers) && markers[0] is { Length: > 0 } text ? text : null;
        if (!query.TryGetValue("limit", out var limits) || limits[0] is not { Length: > 0 } asked)
            return new Page(maxLimit, marker);
        if (!int.TryParse(asked, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var limit))
            return new Fault(FaultKind.Invalid, "limit param must be an integer");
        if (limit < 0)
            return new Fault(FaultKind.Invalid, "limit param must be positive");
        return new Page(maxLimit is { } max && limit > max ? max : limit, marker);
    }

    /// <summary>The request's URL with <c>marker</c> replaced: the address of the page that follows <paramref name="lastId"/>.</summary>
    public static string NextUrl(ApiRequest request, string lastId) =>
        WithMarker(request, $"{request.Http.Request.Scheme}://{request.Http.Request.Host}{request.Http.Request.Path}", lastId);

    private static string WithMarker(ApiRequest request, string url, string marker)
    {
        var query = QueryString.Empty;
        foreach (var (key, values) in request.Query)
        {
            if (key == "marker")
                continue;
            foreach (var value in values)
                query = query.Add(key, value ?? "");
        }

        return url + query.Add("marker", marker).Value;
    }
}
