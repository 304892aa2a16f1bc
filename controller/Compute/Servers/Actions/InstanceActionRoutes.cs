using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Http.Policies;

namespace Appliance.Controller.Compute.Servers.Actions;

/// <summary>Compute API: "Servers actions", read from the change log. Behaviour: nova/api/openstack/compute/instance_actions.py.</summary>
internal sealed class InstanceActionRoutes(ServerContext context, PolicyEngine policy)
{
    private const string Policies = "os_compute_api:os-instance-actions:";

    public void Map(ApiRoutes v21)
    {
        var actions = v21.Group("/servers/{server_id}/os-instance-actions");
        actions.Get("", ListAsync).Allow(Policies + "list");
        actions.Get("/{request_id}", ShowAsync).Allow(Policies + "show");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        if (await FindAsync(request, ct) is not { } log)
            return ComputeFaults.NoInstance(request.Path("server_id"));
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("instanceActions");
            foreach (var action in log.Where(static entry => IsAction(entry)).Reverse())
            {
                json.WriteStartObject();
                WriteAction(json, action, log);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        if (await FindAsync(request, ct) is not { } log)
            return ComputeFaults.NoInstance(request.Path("server_id"));
        var id = request.Path("request_id");
        if (log.Find(entry => IsAction(entry) && entry.Actor.RequestId == id) is not { } action)
            return ComputeFaults.NotFound($"Action {id} not found");
        var showsEvents = policy.Allows("nova", Policies + "events", request.Caller, PolicyTarget.Of(request.Caller));
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("instanceAction");
            WriteAction(json, action, log);
            if (showsEvents)
                WriteEvents(json, action, log);
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    private Task<List<LoggedChange>?> FindAsync(ApiRequest request, CancellationToken ct) =>
        context.Database.ReadAsync<List<LoggedChange>?>(async (tx, token) =>
        {
            var id = request.Path("server_id");
            return await ServerStore.FindAsync(tx, request.Caller, id, token) is null
                ? null : await ChangeLog.ListOfAsync(tx, ServerEvents.ResourceType, id, token);
        }, ct);

    // What upstream records as an action: a user's wish that takes time.
    private static bool IsAction(LoggedChange entry) => entry.Change.Action is "create" or "delete" or "start" or "stop" or "reboot" or "lock" or "unlock"
        or "attach_interface" or "detach_interface";

    private static void WriteAction(Utf8JsonWriter json, LoggedChange action, List<LoggedChange> log)
    {
        json.WriteString("action", action.Change.Action);
        json.WriteString("instance_uuid", action.Change.ResourceId);
        json.WriteString("request_id", action.Actor.RequestId);
        json.WriteString("user_id", action.Actor.UserId);
        json.WriteString("project_id", action.Actor.ProjectId);
        json.WriteString("start_time", Timestamps.MicrosNoZone(action.At));
        json.WriteString("message", EventsOf(action, log).Any(static entry => Text(entry, "error") is not null) ? "Error" : null);
    }

    private static void WriteEvents(Utf8JsonWriter json, LoggedChange action, List<LoggedChange> log)
    {
        json.WriteStartArray("events");
        foreach (var entry in EventsOf(action, log).Reverse())
        {
            json.WriteStartObject();
            json.WriteString("event", Text(entry, "event"));
            json.WriteString("start_time", Timestamps.MicrosNoZone(action.At));
            json.WriteString("finish_time", Timestamps.MicrosNoZone(entry.At));
            json.WriteString("result", Text(entry, "result"));
            json.WriteString("traceback", Text(entry, "error"));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static IEnumerable<LoggedChange> EventsOf(LoggedChange action, List<LoggedChange> log) =>
        log.Where(entry => entry.Change.Action == ServerEvents.Event && entry.Actor.RequestId == action.Actor.RequestId);

    private static string? Text(LoggedChange entry, string member)
    {
        if (entry.Change.Detail is not { } detail)
            return null;
        using var document = JsonDocument.Parse(detail);
        return document.RootElement.StringOrNull(member);
    }
}
