using System.Threading.Channels;
using Appliance.Controller.Data;
using Appliance.Protocol.Link;

namespace Appliance.Controller.Link;

/// <summary>
/// Sends one connected node its documents, one message at a time: the next only when the node has acknowledged the last, so at most one message
/// is in memory and the order is that of the changes.
/// </summary>
internal sealed class DocumentPusher(Database database, string nodeId, ControlChannel control, TimeProvider clock)
{
    // A node flushes its disk before it acknowledges; one that takes longer than this is sick, and a new connection starts over.
    private static readonly TimeSpan AcknowledgeTimeout = TimeSpan.FromSeconds(60);

    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Channel<long> _acknowledged = Channel.CreateBounded<long>(16);

    /// <summary>The node's documents have changed.</summary>
    public void Wake() => _wake.Writer.TryWrite(true);

    /// <summary>The node has said that everything up to <paramref name="sequence"/> is durable there.</summary>
    public void OnAcknowledged(long sequence) => _acknowledged.Writer.TryWrite(sequence);

    /// <summary>Runs as long as the connection.</summary>
    /// <param name="sequence">Where the node stands; ignored when it needs everything.</param>
    public async Task RunAsync(bool isFull, long sequence, CancellationToken ct)
    {
        var first = isFull
            ? await database.ReadAsync((tx, token) => DesiredDocuments.ReadAllAsync(tx, nodeId, token), ct)
            : await database.ReadAsync((tx, token) => DesiredDocuments.ReadUnconfirmedAsync(tx, nodeId, sequence, token), ct);
        if (first is not null)
            sequence = await SendAsync(first, ct);

        while (true)
        {
            while (await database.ReadAsync((tx, token) => DesiredDocuments.ReadNextAsync(tx, nodeId, sequence, token), ct) is { } next)
                sequence = await SendAsync(next, ct);
            await _wake.Reader.ReadAsync(ct);
        }
    }

    private async Task<long> SendAsync(ApplyMessage message, CancellationToken ct)
    {
        await control.SendAsync(new LinkMessage { Apply = message }, ct);
        var acknowledged = await _acknowledged.Reader.ReadAsync(ct).AsTask().WaitAsync(AcknowledgeTimeout, clock, ct);
        return acknowledged == message.Sequence
            ? acknowledged
            : throw new InvalidDataException($"link: the node acknowledged {acknowledged} instead of {message.Sequence}");
    }
}
