using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Protocol;
using Appliance.Protocol.Documents;
using Appliance.Protocol.Link;

namespace Appliance.Controller.Link;

/// <summary>The link's side of <see cref="DesiredState"/>: where a node stands, what to send it next, and what it has confirmed.</summary>
internal static class DesiredDocuments
{
    // A message of this many documents is a few megabytes: one flush on the node's disk, and no long silence for its statuses.
    private const int MaxBatch = 2000;

    /// <summary>
    /// Whether a node that stands at <paramref name="lastSequence"/> must be sent everything: it has nothing, or is ahead of this database (which
    /// was restored from a backup), or has missed a removal that is no longer recorded. Later sequences are above the node's in any case.
    /// </summary>
    public static async Task<bool> NeedsFullSyncAsync(Session tx, string nodeId, long lastSequence, CancellationToken ct)
    {
        var stored = await tx.FindAsync(
            "SELECT sequence, forgotten FROM desired_sequences WHERE node_id = @node",
            static row => (Sequence: row.Int64(0), Forgotten: row.Int64(1)), ct, ("node", nodeId));
        if (lastSequence > 0 && lastSequence <= stored.Sequence)
            return lastSequence < stored.Forgotten;

        // Also makes the first sequence of a node 1: at 0 it would believe that it has heard nothing.
        var next = Math.Max(stored.Sequence, lastSequence) + 1;
        await tx.ExecuteAsync(
            """
            INSERT INTO desired_sequences (node_id, sequence, forgotten) VALUES (@node, @sequence, 0)
            ON CONFLICT (node_id) DO UPDATE SET sequence = excluded.sequence
            """,
            ct, ("node", nodeId), ("sequence", next));
        return true;
    }

    /// <summary>Everything a node should have, and every removal it has not confirmed.</summary>
    public static async Task<ApplyMessage> ReadAllAsync(Session tx, string nodeId, CancellationToken ct)
    {
        var sequence = await tx.CountAsync("SELECT sequence FROM desired_sequences WHERE node_id = @node", ct, ("node", nodeId));
        var rows = await ListAsync(tx, nodeId, 0, int.MaxValue, ct);
        return Compose(0, sequence, true, rows);
    }

    /// <summary>The next changes after <paramref name="baseSequence"/>; null when there are none.</summary>
    public static async Task<ApplyMessage?> ReadNextAsync(Session tx, string nodeId, long baseSequence, CancellationToken ct)
    {
        var rows = await ListAsync(tx, nodeId, baseSequence, MaxBatch, ct);
        return rows.Count == 0 ? null : Compose(baseSequence, rows[^1].Sequence, false, rows);
    }

    /// <summary>The removals up to <paramref name="sequence"/> that the node has not confirmed: repeated after each connect. Null when there are none.</summary>
    public static async Task<ApplyMessage?> ReadUnconfirmedAsync(Session tx, string nodeId, long sequence, CancellationToken ct)
    {
        var removed = await tx.ListAsync(
            "SELECT kind, id, sequence FROM desired_documents WHERE node_id = @node AND body IS NULL AND sequence <= @sequence",
            static row => new RemovedDocument(row.String(0), row.String(1), row.Int64(2)), ct, ("node", nodeId), ("sequence", sequence));
        return removed.Count == 0 ? null : new ApplyMessage(sequence, sequence, false, [], removed);
    }

    /// <summary>Deletes a confirmed removal; false when it is another one, or the thing is desired again.</summary>
    public static async Task<bool> ForgetAsync(Session tx, string nodeId, RemovedDocument removed, CancellationToken ct)
    {
        var count = await tx.ExecuteAsync(
            "DELETE FROM desired_documents WHERE node_id = @node AND kind = @kind AND id = @id AND body IS NULL AND sequence = @sequence",
            ct, ("node", nodeId), ("kind", removed.Kind), ("id", removed.Id), ("sequence", removed.Generation));
        if (count > 0)
            await tx.ExecuteAsync(
                "UPDATE desired_sequences SET forgotten = @sequence WHERE node_id = @node AND forgotten < @sequence",
                ct, ("node", nodeId), ("sequence", removed.Generation));
        return count > 0;
    }

    /// <summary>The generation of a node's document, or of its unconfirmed removal; 0 when it never had one.</summary>
    public static Task<long> FindGenerationAsync(Session tx, string nodeId, string kind, string id, CancellationToken ct) => tx.CountAsync(
        "SELECT sequence FROM desired_documents WHERE node_id = @node AND kind = @kind AND id = @id",
        ct, ("node", nodeId), ("kind", kind), ("id", id));

    /// <summary>Whether a server of this node is made from the image: only then is its data any of the node's business.</summary>
    public static async Task<bool> UsesImageAsync(Session tx, string nodeId, string imageId, CancellationToken ct)
    {
        var bodies = await tx.ListAsync(
            "SELECT body FROM desired_documents WHERE node_id = @node AND kind = @kind AND body IS NOT NULL",
            static row => row.String(0), ct, ("node", nodeId), ("kind", DocumentKinds.Server));
        return bodies.Any(body => body.Contains(imageId, StringComparison.Ordinal)
            && Uses(JsonSerializer.Deserialize(body, ProtocolJson.Default.ServerDocument)?.Image, imageId));
    }

    private static bool Uses(ImageDocument? image, string imageId) =>
        image is not null && (image.Id == imageId || Uses(image.Kernel, imageId) || Uses(image.Ramdisk, imageId));

    private static Task<List<(string Kind, string Id, long Sequence, string? Body)>> ListAsync(
        Session tx, string nodeId, long after, int limit, CancellationToken ct) => tx.ListAsync(
        "SELECT kind, id, sequence, body FROM desired_documents WHERE node_id = @node AND sequence > @after ORDER BY sequence LIMIT @limit",
        static row => (row.String(0), row.String(1), row.Int64(2), row.NullableString(3)), ct,
        ("node", nodeId), ("after", after), ("limit", (long)limit));

    private static ApplyMessage Compose(
        long baseSequence, long sequence, bool isFull, List<(string Kind, string Id, long Sequence, string? Body)> rows)
    {
        var documents = new List<DesiredDocument>(rows.Count);
        var removed = new List<RemovedDocument>();
        foreach (var (kind, id, generation, body) in rows)
        {
            if (body is null)
                removed.Add(new RemovedDocument(kind, id, generation));
            else
                documents.Add(new DesiredDocument(kind, id, generation, JsonElement.Parse(body)));
        }

        return new ApplyMessage(baseSequence, sequence, isFull, documents, removed);
    }
}
