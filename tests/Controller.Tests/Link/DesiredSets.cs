using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Link;
using Appliance.Protocol;
using Appliance.Protocol.Documents;

namespace Appliance.Controller.Tests.Link;

/// <summary>Puts and removes documents as a service does, with the simplest kind.</summary>
internal static class DesiredSets
{
    public static async Task<long> PutSetAsync(this TestCloud cloud, string nodeId, string id, params string[] addresses) =>
        await cloud.Host.Platform.Database.WriteAsync((tx, ct) => cloud.Host.Services.Link.Desired.PutAsync(
            tx, nodeId, DocumentKinds.AddressSet, id, Body(id, addresses), ct), CancellationToken.None);

    public static Task PutSetsAsync(this TestCloud cloud, string nodeId, int count) =>
        cloud.Host.Platform.Database.WriteAsync(async (tx, ct) =>
        {
            for (var i = 0; i < count; i++)
            {
                var addresses = Enumerable.Range(0, 60).Select(n => $"10.1.{i % 250}.{n}").ToArray();
                await cloud.Host.Services.Link.Desired.PutAsync(tx, nodeId, DocumentKinds.AddressSet, $"set{i:0000}", Body($"set{i:0000}", addresses), ct);
            }
        }, CancellationToken.None);

    public static Task RemoveSetAsync(this TestCloud cloud, string nodeId, string id) =>
        cloud.Host.Platform.Database.WriteAsync((tx, ct) => cloud.Host.Services.Link.Desired.RemoveAsync(
            tx, nodeId, DocumentKinds.AddressSet, id, ct), CancellationToken.None);

    public static Task<bool> SetExistsAsync(this TestCloud cloud, string nodeId, string id) =>
        cloud.Host.Platform.Database.ReadAsync((tx, ct) => DesiredState.ExistsAsync(tx, nodeId, DocumentKinds.AddressSet, id, ct), CancellationToken.None);

    /// <summary>Ids and generations of the address sets a node should have.</summary>
    public static Task<List<(string, long)>> DesiredSetsAsync(this TestCloud cloud, string nodeId) =>
        cloud.Host.Platform.Database.ReadAsync((tx, ct) => tx.ListAsync(
            "SELECT id, sequence FROM desired_documents WHERE node_id = @node AND body IS NOT NULL ORDER BY id",
            static row => (row.String(0), row.Int64(1)), ct, ("node", nodeId)), CancellationToken.None);

    private static JsonElement Body(string id, string[] addresses) =>
        JsonSerializer.SerializeToElement(new AddressSetDocument(id, addresses), ProtocolJson.Default.AddressSetDocument);
}

/// <summary>Remembers what it was told of address sets.</summary>
internal sealed class RecordingSink : IStatusSink
{
    private readonly Lock _state = new();
    private readonly Dictionary<string, ObjectStatus> _statuses = [];
    private readonly List<DocumentKey> _gone = [];

    public int FailuresLeft { get; set; }
    public IReadOnlyList<string> Kinds => [DocumentKinds.AddressSet];

    public ObjectStatus? Find(string id)
    {
        lock (_state)
            return _statuses.GetValueOrDefault(id);
    }

    public bool IsGone(string id)
    {
        lock (_state)
            return _gone.Any(key => key.Id == id);
    }

    public Task OnStatusAsync(
        Session tx, string nodeId, IReadOnlyList<ObjectStatus> statuses, IReadOnlyList<DocumentKey> gone, CancellationToken ct)
    {
        if (FailuresLeft-- > 0)
            throw new InvalidOperationException("the service stumbled");
        lock (_state)
        {
            foreach (var status in statuses)
                _statuses[status.Id] = status;
            _gone.AddRange(gone);
        }

        return Task.CompletedTask;
    }
}
