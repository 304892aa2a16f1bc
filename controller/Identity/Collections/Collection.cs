using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;

namespace Appliance.Controller.Identity.Collections;

/// <summary>How the things of one kind are listed and shown: <c>{"users": […], "links": …}</c> and <c>{"user": {…}}</c>.</summary>
/// <param name="Plural">Member name of a list.</param>
/// <param name="Select"><c>SELECT … FROM …</c> without conditions.</param>
/// <param name="IdColumn">Unique; lists are ordered by it.</param>
/// <param name="WriteMembers">Writes the members of one item, without the braces and without <c>links</c>.</param>
internal sealed record Collection<T>(
    string Plural, string Singular, string Select, string IdColumn, Func<Row, T> Map, Func<T, string> Id, Action<Utf8JsonWriter, T> WriteMembers)
{
    // A list is read in pieces, each in a short transaction of its own: a slow client holds no connection, and memory stays bounded.
    private const int ChunkRows = 500;

    /// <summary>Where the things are below <c>/v3/</c>.</summary>
    public string Path { get; init; } = Plural;

    /// <summary>Writes links besides <c>self</c>; null: there are none.</summary>
    public Action<Utf8JsonWriter, T>? WriteLinks { get; init; }

    public Task<T?> FindAsync(Session tx, string id, CancellationToken ct) =>
        tx.FindAsync($"{Select} WHERE {IdColumn} = @id", Map, ct, ("id", id));

    /// <summary>All that the query selects, in one piece; for collections that stay small.</summary>
    public Task<List<T>> ListAsync(Session tx, CollectionQuery query, CancellationToken ct) =>
        tx.ListAsync($"{Select} WHERE {query.Conditions} ORDER BY {IdColumn}", Map, ct, [.. query.Parameters]);

    /// <summary><c>{"user": {…}}</c></summary>
    public ApiResult Show(IdentityContext context, ApiRequest request, int status, T item, Action<Utf8JsonWriter>? writeMore = null)
    {
        var v3 = context.V3Url(request);
        return ApiResult.Json(status, writer =>
        {
            writer.WriteStartObject();
            writer.WritePropertyName(Singular);
            WriteItem(writer, item, v3, writeMore);
            writer.WriteEndObject();
        });
    }

    /// <summary>The list that was asked for, written while it is read.</summary>
    public async Task<ApiResult> ListAsync(IdentityContext context, ApiRequest request, CollectionQuery query, CancellationToken ct)
    {
        var first = await ReadChunkAsync(context.Database, query, query.Marker, Math.Min(ChunkRows, query.Limit ?? ChunkRows), ct);
        var v3 = context.V3Url(request);
        return ApiResult.Custom((http, token) => WriteListAsync(http, context, request, query, first, v3, token));
    }

    /// <summary>The list that was asked for, of items that are read already, in order of their ids.</summary>
    /// <param name="most">Shown at once, whatever was asked; null: no limit.</param>
    public ApiResult List(IdentityContext context, ApiRequest request, CollectionQuery query, IReadOnlyList<T> items, int? most)
    {
        var v3 = context.V3Url(request);
        var rest = items.Where(item => string.CompareOrdinal(Id(item), query.Marker) > 0).ToArray();
        var shown = rest.Take(Math.Min(query.Limit ?? int.MaxValue, most ?? int.MaxValue)).ToArray();
        return ApiResult.Json(StatusCodes.Status200OK, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray(Plural);
            foreach (var item in shown)
                WriteItem(writer, item, v3);
            writer.WriteEndArray();
            WriteEnd(writer, context, request, isTruncated: rest.Length > shown.Length, shown.Length > 0 ? Id(shown[^1]) : query.Marker);
            writer.WriteEndObject();
        });
    }

    public void WriteItem(Utf8JsonWriter writer, T item, string v3Url, Action<Utf8JsonWriter>? writeMore = null)
    {
        writer.WriteStartObject();
        WriteMembers(writer, item);
        writeMore?.Invoke(writer);
        writer.WriteStartObject("links");
        writer.WriteString("self", $"{v3Url}/{Path}/{Id(item)}");
        WriteLinks?.Invoke(writer, item);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    // One row more than wanted says whether there are more.
    private Task<List<T>> ReadChunkAsync(IdentityDatabase database, CollectionQuery query, string after, int rows, CancellationToken ct) =>
        database.ReadAsync((tx, token) => tx.ListAsync(
            $"{Select} WHERE {query.Conditions} AND {IdColumn} > @after ORDER BY {IdColumn} LIMIT @rows", Map, token,
            [.. query.Parameters, ("after", after), ("rows", (long)rows + 1)]), ct);

    private async Task WriteListAsync(
        HttpContext http, IdentityContext context, ApiRequest request, CollectionQuery query, List<T> chunk, string v3, CancellationToken ct)
    {
        http.Response.StatusCode = StatusCodes.Status200OK;
        JsonBody.Prepare(http.Response);
        await using var writer = new Utf8JsonWriter(http.Response.BodyWriter, JsonBody.Options);
        writer.WriteStartObject();
        writer.WriteStartArray(Plural);
        var left = query.Limit ?? int.MaxValue;
        var rows = Math.Min(ChunkRows, left);
        var last = query.Marker;
        while (true)
        {
            foreach (var item in chunk.Take(rows))
            {
                WriteItem(writer, item, v3);
                last = Id(item);
            }

            left -= Math.Min(chunk.Count, rows);
            if (chunk.Count <= rows || left == 0)
                break;
            await writer.FlushAsync(ct);
            await http.Response.BodyWriter.FlushAsync(ct);
            rows = Math.Min(ChunkRows, left);
            chunk = await ReadChunkAsync(context.Database, query, last, rows, ct);
        }

        writer.WriteEndArray();
        WriteEnd(writer, context, request, isTruncated: chunk.Count > rows, last);
        writer.WriteEndObject();
        await writer.FlushAsync(ct);
        await http.Response.BodyWriter.FlushAsync(ct);
    }

    private static void WriteEnd(Utf8JsonWriter writer, IdentityContext context, ApiRequest request, bool isTruncated, string last)
    {
        writer.WriteStartObject("links");
        writer.WriteString("next", isTruncated ? context.BaseUrl(request) + PathAndQuery(Page.NextUrl(request, last)) : null);
        writer.WriteString("self", context.SelfUrl(request));
        writer.WriteNull("previous");
        writer.WriteEndObject();
        if (isTruncated)
            writer.WriteBoolean("truncated", true);
    }

    private static string PathAndQuery(string url) => new Uri(url).PathAndQuery;
}
