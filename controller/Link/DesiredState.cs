using System.Text.Json;
using Appliance.Controller.Data;

namespace Appliance.Controller.Link;

/// <summary>
/// What each node should have: documents that services write inside their own transactions and the link pushes once that is durable. A
/// document that is put with an unchanged body keeps its generation and is not sent again. The generation of a document is the sequence of
/// its last change among all changes for the node, so it never repeats.
/// </summary>
internal sealed class DesiredState
{
    private readonly List<Action<string>> _listeners = [];

    // desired_sequences.forgotten: the greatest sequence of a removal that was confirmed and deleted; a node that has not seen it needs everything.
    public static readonly ComponentSchema Schema = new("desired_state",
    [
        """
        CREATE TABLE desired_sequences (node_id TEXT PRIMARY KEY, sequence BIGINT NOT NULL, forgotten BIGINT NOT NULL);
        CREATE TABLE desired_documents (
            node_id TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, sequence BIGINT NOT NULL, body TEXT, PRIMARY KEY (node_id, kind, id));
        CREATE INDEX desired_documents_sequence ON desired_documents (node_id, sequence);
        CREATE INDEX desired_documents_object ON desired_documents (kind, id);
        """,
    ]);

    /// <summary>Registers what runs after a commit that changed a node's documents, with the node's id. Call before serving.</summary>
    public void OnChange(Action<string> wake) => _listeners.Add(wake);

    /// <summary>Puts a document; answers the generation that a status must carry to speak of this body.</summary>
    public async Task<long> PutAsync(Session tx, string nodeId, string kind, string id, JsonElement body, CancellationToken ct)
    {
        var text = body.GetRawText();
        var existing = await tx.FindAsync(
            "SELECT sequence, body FROM desired_documents WHERE node_id = @node AND kind = @kind AND id = @id",
            static row => (Generation: row.Int64(0), Body: row.NullableString(1)), ct, ("node", nodeId), ("kind", kind), ("id", id));
        if (existing.Body == text)
            return existing.Generation;

        var generation = await NextSequenceAsync(tx, nodeId, ct);
        await tx.ExecuteAsync(
            """
            INSERT INTO desired_documents (node_id, kind, id, sequence, body) VALUES (@node, @kind, @id, @sequence, @body)
            ON CONFLICT (node_id, kind, id) DO UPDATE SET sequence = excluded.sequence, body = excluded.body
            """,
            ct, ("node", nodeId), ("kind", kind), ("id", id), ("sequence", generation), ("body", text));
        return generation;
    }

    /// <summary>The node should no longer have this. A row without body stays until the node reports it gone. A no-op when it is not there.</summary>
    public async Task RemoveAsync(Session tx, string nodeId, string kind, string id, CancellationToken ct)
    {
        var isThere = await tx.CountAsync(
            "SELECT COUNT(*) FROM desired_documents WHERE node_id = @node AND kind = @kind AND id = @id AND body IS NOT NULL",
            ct, ("node", nodeId), ("kind", kind), ("id", id)) > 0;
        if (isThere)
            await tx.ExecuteAsync(
                "UPDATE desired_documents SET body = NULL, sequence = @sequence WHERE node_id = @node AND kind = @kind AND id = @id",
                ct, ("node", nodeId), ("kind", kind), ("id", id), ("sequence", await NextSequenceAsync(tx, nodeId, ct)));
    }

    /// <summary>Keys of the documents of one kind that a node should have.</summary>
    public static Task<List<string>> ListIdsAsync(Session tx, string nodeId, string kind, CancellationToken ct) => tx.ListAsync(
        "SELECT id FROM desired_documents WHERE node_id = @node AND kind = @kind AND body IS NOT NULL ORDER BY id",
        static row => row.String(0), ct, ("node", nodeId), ("kind", kind));

    /// <summary>Whether the node should have this.</summary>
    public static async Task<bool> IsDesiredAsync(Session tx, string nodeId, string kind, string id, CancellationToken ct) =>
        await tx.CountAsync("SELECT COUNT(*) FROM desired_documents WHERE node_id = @node AND kind = @kind AND id = @id AND body IS NOT NULL",
            ct, ("node", nodeId), ("kind", kind), ("id", id)) > 0;

    /// <summary>Whether any trace of the document is left: it should be there, or its removal is not yet confirmed by the node.</summary>
    public static async Task<bool> ExistsAsync(Session tx, string nodeId, string kind, string id, CancellationToken ct) =>
        await tx.CountAsync("SELECT COUNT(*) FROM desired_documents WHERE node_id = @node AND kind = @kind AND id = @id",
            ct, ("node", nodeId), ("kind", kind), ("id", id)) > 0;

    // PostgreSQL: the row lock makes the changes for one node commit in the order of their sequences, as SQLite's single writer does.
    private async Task<long> NextSequenceAsync(Session tx, string nodeId, CancellationToken ct)
    {
        foreach (var wake in _listeners)
            tx.AfterCommit(() => wake(nodeId));
        return await tx.FindAsync(
            """
            INSERT INTO desired_sequences (node_id, sequence, forgotten) VALUES (@node, 1, 0)
            ON CONFLICT (node_id) DO UPDATE SET sequence = desired_sequences.sequence + 1 RETURNING sequence
            """,
            static row => row.Int64(0), ct, ("node", nodeId));
    }
}
