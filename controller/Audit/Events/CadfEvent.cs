using System.Text.Json;
using Appliance.Controller.Data;

namespace Appliance.Controller.Audit.Events;

/// <summary>
/// Writes a row of the change log as a CADF event. Members besides CADF's are those Keystone adds: <c>resource_info</c>, the initiator's
/// <c>user_id</c>, <c>project_id</c> and <c>request_id</c>, and the parties of a role assignment. Source: DMTF DSP0262, 6.3; pycadf/event.py.
/// </summary>
internal static class CadfEvent
{
    private const string TypeUri = "http://schemas.dmtf.org/cloud/audit/1.0/event";

    // A user that was named and does not exist is not told: people type passwords where names belong.
    private const string Unknown = "unknown";

    public static void Write(Utf8JsonWriter writer, ulong site, LoggedChange logged)
    {
        var change = logged.Change;
        writer.WriteStartObject();
        writer.WriteString("typeURI", TypeUri);
        writer.WriteString("eventType", "activity");
        writer.WriteString("id", AuditEventId.Of(site, logged.Sequence));
        writer.WriteString("eventTime", logged.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'+0000'", CultureInfo.InvariantCulture));
        writer.WriteString("action", CadfTaxonomy.ActionOf(change));
        if (CadfTaxonomy.IsWidened(change))
            writer.WriteString("name", change.Action);
        writer.WriteString("outcome", change.HasFailed ? "failure" : "success");
        WriteInitiator(writer, logged);
        WriteTarget(writer, change);
        writer.WriteStartObject("observer");
        writer.WriteString("typeURI", CadfTaxonomy.ObserverOf(change.Service));
        writer.WriteString("id", change.Service);
        writer.WriteEndObject();
        writer.WriteString("resource_info", change.ResourceId);
        if (change.Detail is { } detail)
            WriteDetail(writer, change, detail);
        writer.WriteEndObject();
    }

    private static void WriteInitiator(Utf8JsonWriter writer, LoggedChange logged)
    {
        var actor = logged.Actor;
        writer.WriteStartObject("initiator");
        var isSystem = actor.RequestId == Actor.System.RequestId;
        writer.WriteString("typeURI", isSystem ? "service/oss" : CadfTaxonomy.User);
        writer.WriteString("id", isSystem ? "appliance-controller" : actor.UserId ?? Unknown);
        if (actor.UserId is not null)
            writer.WriteString("user_id", actor.UserId);
        if (actor.ProjectId is not null)
            writer.WriteString("project_id", actor.ProjectId);
        writer.WriteString("request_id", actor.RequestId);
        if (actor.Origin is { } origin)
        {
            writer.WriteStartObject("host");
            if (origin.Address is not null)
                writer.WriteString("address", origin.Address);
            if (origin.Agent is not null)
                writer.WriteString("agent", origin.Agent);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void WriteTarget(Utf8JsonWriter writer, Change change)
    {
        writer.WriteStartObject("target");
        writer.WriteString("typeURI", CadfTaxonomy.TypeOf(change));
        writer.WriteString("id", change.ResourceId);
        if (change.ProjectId is not null)
            writer.WriteString("project_id", change.ProjectId);
        writer.WriteEndObject();
    }

    // The parties of a role assignment and the reason of a failure have places of their own; the rest is attached.
    private static void WriteDetail(Utf8JsonWriter writer, Change change, string detail)
    {
        using var document = JsonDocument.Parse(detail);      // the change log's rows hold JSON objects
        if (document.RootElement.ValueKind != JsonValueKind.Object)
            return;
        if (change is { Service: "keystone", ResourceType: "role_assignment" })
        {
            writer.WriteString("role", change.ResourceId);
            foreach (var member in document.RootElement.EnumerateObject())
            {
                writer.WritePropertyName(member.Name.EndsWith("_id", StringComparison.Ordinal) ? member.Name[..^3] : member.Name);
                member.Value.WriteTo(writer);
            }

            return;
        }

        if (document.RootElement.TryGetProperty("reason", out var reason))
        {
            writer.WritePropertyName("reason");
            reason.WriteTo(writer);
        }

        writer.WriteStartArray("attachments");
        writer.WriteStartObject();
        writer.WriteString("typeURI", "mime:application/json");
        writer.WriteString("name", "detail");
        writer.WriteString("content", detail);
        writer.WriteEndObject();
        writer.WriteEndArray();
    }
}
