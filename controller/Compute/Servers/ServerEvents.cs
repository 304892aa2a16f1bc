using System.Text;
using System.Text.Json;
using Appliance.Controller.Data;

namespace Appliance.Controller.Compute.Servers;

/// <summary>
/// What happens to servers, in the change log. An <em>action</em> is what somebody asked for; an <em>event</em> is how a step of it ended.
/// Both carry the request id, which ties them together in <c>os-instance-actions</c>.
/// </summary>
internal sealed class ServerEvents(ChangeLog changes)
{
    public const string Service = "nova";
    public const string ResourceType = "server";

    /// <summary><see cref="Change.Action"/> of an event.</summary>
    public const string Event = "event";

    /// <summary><see cref="Change.Action"/> of a change of state that nobody asked for.</summary>
    public const string State = "state";

    public Task ActionAsync(Session tx, Actor actor, Server server, string action, CancellationToken ct) =>
        changes.AppendAsync(tx, actor, new Change(Service, ResourceType, server.Id, server.ProjectId, action, Detail(server, null, null)), ct);

    /// <param name="name">Nova's name of the step: <c>compute_stop_instance</c>.</param>
    /// <param name="error">Null: it succeeded.</param>
    public Task EventAsync(Session tx, Server server, string name, string? error, CancellationToken ct) => changes.AppendAsync(
        tx, server.TaskActor ?? Actor.System, new Change(Service, ResourceType, server.Id, server.ProjectId, Event, Detail(server, name, error)), ct);

    public Task StateAsync(Session tx, Server server, CancellationToken ct) => changes.AppendAsync(
        tx, Actor.System, new Change(Service, ResourceType, server.Id, server.ProjectId, State, Detail(server, null, null)), ct);

    private static string Detail(Server server, string? eventName, string? error)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("status", server.Status);
            json.WriteString("vm_state", server.VmState);
            json.WriteString("task_state", server.TaskState);
            if (eventName is not null)
            {
                json.WriteString("event", eventName);
                json.WriteString("result", error is null ? "Success" : "Error");
            }

            if (error is not null)
                json.WriteString("error", error);
            if (server.NodeName is not null)
                json.WriteString("host", server.NodeName);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
