using Appliance.Controller.Audit.Files;

namespace Appliance.Controller.Audit;

/// <summary>Brings the file up to the change log, and keeps authentications from filling the database.</summary>
/// <param name="export">Null: no file was asked for.</param>
internal sealed class AuditUpkeep(AuditStore store, AuditExport? export, int keptAuthentications)
{
    // Counting costs a walk over an index: not after each of thousands of changes.
    private const int PassesBetweenDeletions = 100;
    private const int DeletedAtATime = 2_000;

    private int _passes;

    public async Task PassAsync(CancellationToken ct)
    {
        var exported = export is null ? long.MaxValue : await export.PassAsync(ct);
        if (_passes++ % PassesBetweenDeletions != 0)
            return;
        while (await store.DeleteAuthenticationsAsync(keptAuthentications, exported, DeletedAtATime, ct) == DeletedAtATime)
        {
            // Piece by piece, so that other writers get their turn.
        }
    }
}
