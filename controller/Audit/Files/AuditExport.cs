using System.Buffers;
using System.Text.Json;
using Appliance.Controller.Audit.Events;
using Appliance.Controller.Http;

namespace Appliance.Controller.Audit.Files;

/// <summary>
/// Writes the events after the last one that is in the file. The file's own last line says which that was, should the controller have died
/// between writing and remembering: no event is missing, and none is there twice.
/// </summary>
internal sealed class AuditExport(AuditStore store, RotatingFile file)
{
    private const int BatchEvents = 500;

    private long? _exported;

    /// <returns>The last event that is in the file.</returns>
    public async Task<long> PassAsync(CancellationToken ct)
    {
        var exported = _exported ??= await FindExportedAsync(ct);
        while (await store.ListAfterAsync(exported, BatchEvents, ct) is { Count: > 0 } changes)
        {
            var lines = new ArrayBufferWriter<byte>();
            foreach (var change in changes)
            {
                using (var writer = new Utf8JsonWriter(lines, JsonBody.Options))
                    CadfEvent.Write(writer, store.Site, change);
                lines.Write("\n"u8);
            }

            // What was written counts even when remembering it fails: the next pass goes on after it.
            await file.AppendAsync(lines.WrittenMemory, ct);
            _exported = exported = changes[^1].Sequence;
            await store.SetExportedAsync(exported, ct);
        }

        return exported;
    }

    private async Task<long> FindExportedAsync(CancellationToken ct)
    {
        var remembered = await store.ReadExportedAsync(ct);
        var last = await file.ReadLastLineAsync(ct);
        return Math.Max(remembered, last is null ? 0 : SequenceOf(last) ?? 0);
    }

    private long? SequenceOf(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("id", out var id)
                && id.ValueKind == JsonValueKind.String ? AuditEventId.Parse(store.Site, id.GetString()!) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
