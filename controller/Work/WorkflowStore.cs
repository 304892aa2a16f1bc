using Appliance.Controller.Data;
using Appliance.Controller.Http;

namespace Appliance.Controller.Work;

/// <summary>Rows of unfinished workflows; a finished one has none.</summary>
internal static class WorkflowStore
{
    public static Task InsertAsync(Session tx, Workflow workflow, CancellationToken ct) => tx.ExecuteAsync(
        """
        INSERT INTO workflows (id, kind, object_id, arguments, step, request_id, user_id, project_id, created_at)
        VALUES (@id, @kind, @object, @arguments, @step, @request, @user, @project, @created)
        """,
        ct, ("id", workflow.Id), ("kind", workflow.Kind), ("object", workflow.ObjectId), ("arguments", workflow.Arguments),
        ("step", (long)workflow.Step), ("request", workflow.Actor.RequestId), ("user", workflow.Actor.UserId),
        ("project", workflow.Actor.ProjectId), ("created", workflow.CreatedAt));

    public static Task UpdateAsync(Session tx, Workflow workflow, CancellationToken ct) => tx.ExecuteAsync(
        """
        UPDATE workflows SET step = @step, fault_kind = @kind, fault_public = @public, fault_internal = @internal WHERE id = @id
        """,
        ct, ("id", workflow.Id), ("step", (long)workflow.Step), ("kind", workflow.Fault?.Kind.ToString()),
        ("public", workflow.Fault?.Public), ("internal", workflow.Fault?.Internal));

    public static Task DeleteAsync(Session tx, string id, CancellationToken ct) =>
        tx.ExecuteAsync("DELETE FROM workflows WHERE id = @id", ct, ("id", id));

    public static Task<List<Workflow>> ListAsync(Session tx, CancellationToken ct) => tx.ListAsync(
        """
        SELECT id, kind, object_id, arguments, step, fault_kind, fault_public, fault_internal, request_id, user_id, project_id, created_at
        FROM workflows ORDER BY created_at
        """,
        static row => new Workflow(
            row.String(0), row.String(1), row.String(2), row.String(3), new Actor(row.String(8), row.NullableString(9), row.NullableString(10)),
            row.Int32(4), row.NullableString(5) is { } kind ? new Fault(Enum.Parse<FaultKind>(kind), row.String(6), row.NullableString(7)) : null,
            row.Instant(11)),
        ct);
}
