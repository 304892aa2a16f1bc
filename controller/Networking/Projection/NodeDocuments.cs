using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Appliance.Controller.Data;
using Appliance.Controller.Link;

namespace Appliance.Controller.Networking.Projection;

/// <summary>Puts documents on the nodes that need them and takes them off all others.</summary>
internal sealed class NodeDocuments(DesiredState desired)
{
    public Task PutAsync<T>(Session tx, string nodeId, string kind, string id, T document, JsonTypeInfo<T> type, CancellationToken ct) =>
        desired.PutAsync(tx, nodeId, kind, id, JsonSerializer.SerializeToElement(document, type), ct);

    /// <summary>The document on exactly these nodes.</summary>
    public async Task PutOnlyAsync<T>(
        Session tx, IReadOnlyCollection<string> nodeIds, string kind, string id, T document, JsonTypeInfo<T> type, CancellationToken ct)
    {
        var body = JsonSerializer.SerializeToElement(document, type);
        foreach (var node in nodeIds)
            await desired.PutAsync(tx, node, kind, id, body, ct);
        await RemoveExceptAsync(tx, nodeIds, kind, id, ct);
    }

    public async Task RemoveExceptAsync(Session tx, IReadOnlyCollection<string> nodeIds, string kind, string id, CancellationToken ct)
    {
        foreach (var node in await ListHoldersAsync(tx, kind, id, ct))
        {
            if (!nodeIds.Contains(node))
                await desired.RemoveAsync(tx, node, kind, id, ct);
        }
    }

    /// <summary>Nodes that should have the document now.</summary>
    public static Task<List<string>> ListHoldersAsync(Session tx, string kind, string id, CancellationToken ct) => tx.ListAsync(
        "SELECT node_id FROM desired_documents WHERE kind = @kind AND id = @id AND body IS NOT NULL",
        static row => row.String(0), ct, ("kind", kind), ("id", id));
}
