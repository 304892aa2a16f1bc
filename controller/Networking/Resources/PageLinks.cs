using System.Text.Json;
using Appliance.Controller.Http;

namespace Appliance.Controller.Networking.Resources;

/// <summary>The <c>networks_links</c> of a page. Source: neutron/api/api_common.py get_pagination_links.</summary>
internal static class PageLinks
{
    public static void Write(
        Utf8JsonWriter json, ApiRequest request, string collection, ListQuery query, int count, string? firstId, string? lastId)
    {
        if (query.Limit == 0)
            return;
        var isShort = count < query.Limit;
        if (isShort && count == 0 && query.Marker is null)
            return;

        var links = new List<(string Rel, string Href)>();
        if (!isShort || query.IsReverse)
            links.Add(("next", Link(request, lastId, isReverse: false)));
        if (!(isShort && query.IsReverse))
            links.Add(("previous", Link(request, firstId, isReverse: true)));

        json.WriteStartArray(collection + "_links");
        foreach (var (rel, href) in links)
        {
            json.WriteStartObject();
            json.WriteString("rel", rel);
            json.WriteString("href", href);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string Link(ApiRequest request, string? marker, bool isReverse)
    {
        var query = QueryString.Empty;
        foreach (var (key, values) in request.Query)
        {
            if (key is "marker" or "page_reverse")
                continue;
            foreach (var value in values)
                query = query.Add(key, value ?? "");
        }

        if (marker is not null)
            query = query.Add("marker", marker);
        if (isReverse)
            query = query.Add("page_reverse", "True");
        var http = request.Http.Request;
        return $"{http.Scheme}://{http.Host}{http.Path}{query.Value}";
    }
}
