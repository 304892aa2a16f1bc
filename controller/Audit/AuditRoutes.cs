using Appliance.Controller.Audit.Events;
using Appliance.Controller.Http;

namespace Appliance.Controller.Audit;

/// <summary>
/// <c>GET /appliance/v1/audit/events</c>, newest first: <c>since</c> (inclusive), <c>until</c> (exclusive), <c>initiator</c> and
/// <c>target</c> (ids), <c>action</c>, <c>outcome</c>, <c>target_type</c> (as events have them), <c>request_id</c>, <c>sort_dir</c>
/// (<c>desc</c> or <c>asc</c>), <c>limit</c> (at most 1000), <c>marker</c> (an event's id). One event: <c>…/events/{event_id}</c>.
/// </summary>
internal sealed class AuditRoutes(AuditStore store)
{
    private const int MaxLimit = 1000;
    private const int UsualLimit = 100;

    public void Map(ApiRoutes audit)
    {
        audit.Get("/events", ListAsync).Allow("audit:get_events");
        audit.Get("/events/{event_id}", ShowAsync).Allow("audit:get_events");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        if (Page.Read(request.Query, MaxLimit).Failed(out var badPage, out var page))
            return badPage;
        if (AuditQuery.Read(request.Query, store.Site).Failed(out var invalid, out var query))
            return invalid;
        var limit = request.Query.ContainsKey("limit") ? page.Limit ?? UsualLimit : UsualLimit;
        // One more than wanted says whether there are more.
        var found = await store.ListAsync(query, limit + 1, ct);
        var shown = found.Take(limit).ToList();
        var next = found.Count > limit && shown.Count > 0 ? Page.NextUrl(request, AuditEventId.Of(store.Site, shown[^1].Sequence)) : null;
        return ApiResult.Ok(writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("events");
            foreach (var change in shown)
                CadfEvent.Write(writer, store.Site, change);
            writer.WriteEndArray();
            if (next is not null)
            {
                writer.WriteStartArray("events_links");
                writer.WriteStartObject();
                writer.WriteString("rel", "next");
                writer.WriteString("href", next);
                writer.WriteEndObject();
                writer.WriteEndArray();
            }

            writer.WriteEndObject();
        });
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("event_id");
        if (AuditEventId.Parse(store.Site, id) is not { } sequence || await store.FindAsync(sequence, ct) is not { } change)
            return new Fault(FaultKind.NotFound, $"Could not find event: {id}.");
        return ApiResult.Ok(writer =>
        {
            writer.WriteStartObject();
            writer.WritePropertyName("event");
            CadfEvent.Write(writer, store.Site, change);
            writer.WriteEndObject();
        });
    }
}
