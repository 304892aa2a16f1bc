namespace Appliance.Controller.Data;

/// <summary>Who caused a change: a request of a user, or the controller itself (<see cref="System"/>).</summary>
internal sealed record Actor(string RequestId, string? UserId, string? ProjectId)
{
    public static readonly Actor System = new("req-system", null, null);

    /// <summary>Where the request came from; null: no request, or a workflow that goes on with it.</summary>
    public Origin? Origin { get; init; }
}

/// <param name="Address">IP address of the client, or of the proxy it comes through.</param>
/// <param name="Agent">What the client calls itself; at most <see cref="MaxAgentLength"/> characters. Not to be trusted.</param>
internal sealed record Origin(string? Address, string? Agent)
{
    public const int MaxAgentLength = 200;
}

/// <summary>
/// One change of one thing. Audit, instance actions, notifications, live updates and metering read these rows; nothing keeps books of its own.
/// </summary>
/// <param name="ResourceType">For example <c>server</c>, <c>port</c>, <c>image</c>: the service's own singular name.</param>
/// <param name="Action">For example <c>create</c>, <c>update</c>, <c>delete</c>, <c>state</c>.</param>
/// <param name="Detail">A small JSON object without secrets; null when the action says all.</param>
internal sealed record Change(string Service, string ResourceType, string ResourceId, string? ProjectId, string Action, string? Detail = null)
{
    /// <summary><see cref="Action"/> of somebody proving, or trying to prove, who they are: written by <see cref="AuthenticationLog"/> only.</summary>
    public const string Authenticate = "authenticate";

    /// <summary>It was tried, and refused. What is written with the change itself has not failed.</summary>
    public bool HasFailed { get; init; }
}

/// <summary>A change as it stands in the log.</summary>
internal sealed record LoggedChange(long Sequence, DateTimeOffset At, Actor Actor, Change Change);

/// <summary>The change log: appended to in the transaction of the change itself.</summary>
internal sealed class ChangeLog(TimeProvider clock)
{
    private readonly List<Action> _listeners = [];

    public static readonly ComponentSchema Schema = new("change_log",
    [
        """
        CREATE TABLE change_log (
            sequence {identity}, at BIGINT NOT NULL, request_id TEXT NOT NULL, user_id TEXT, actor_project_id TEXT,
            service TEXT NOT NULL, resource_type TEXT NOT NULL, resource_id TEXT NOT NULL, project_id TEXT, action TEXT NOT NULL, detail TEXT);
        CREATE INDEX change_log_resource ON change_log (resource_type, resource_id, sequence);
        """,
        """
        ALTER TABLE change_log ADD COLUMN address TEXT;
        ALTER TABLE change_log ADD COLUMN agent TEXT;
        ALTER TABLE change_log ADD COLUMN failed BIGINT NOT NULL DEFAULT 0;
        CREATE INDEX change_log_action ON change_log (action, sequence);
        CREATE INDEX change_log_at ON change_log (at);
        """,
    ]);

    /// <summary>Registers a worker to wake after every commit that logged something. Call before the controller starts serving.</summary>
    public void OnChange(Action wake) => _listeners.Add(wake);

    public Task AppendAsync(Session tx, Actor actor, Change change, CancellationToken ct) =>
        AppendAsync(tx, clock.GetUtcNow(), actor, change, ct);

    /// <param name="at">When it happened, where that is not now.</param>
    public async Task AppendAsync(Session tx, DateTimeOffset at, Actor actor, Change change, CancellationToken ct)
    {
        await tx.ExecuteAsync(
            """
            INSERT INTO change_log (
                at, request_id, user_id, actor_project_id, service, resource_type, resource_id, project_id, action, detail, address, agent, failed)
            VALUES (@at, @request, @user, @actorProject, @service, @type, @id, @project, @action, @detail, @address, @agent, @failed)
            """,
            ct, ("at", at), ("request", actor.RequestId), ("user", actor.UserId), ("actorProject", actor.ProjectId),
            ("service", change.Service), ("type", change.ResourceType), ("id", change.ResourceId), ("project", change.ProjectId),
            ("action", change.Action), ("detail", change.Detail), ("address", actor.Origin?.Address), ("agent", actor.Origin?.Agent),
            ("failed", change.HasFailed));
        foreach (var wake in _listeners)
            tx.AfterCommit(wake);
    }

    /// <summary>Changes after <paramref name="sequence"/>, oldest first.</summary>
    public static Task<List<LoggedChange>> ListAfterAsync(Session tx, long sequence, int limit, CancellationToken ct) =>
        tx.ListAsync($"SELECT {Columns} FROM change_log WHERE sequence > @after ORDER BY sequence LIMIT @limit",
            Map, ct, ("after", sequence), ("limit", limit));

    /// <summary>All changes of one thing, oldest first.</summary>
    public static Task<List<LoggedChange>> ListOfAsync(Session tx, string resourceType, string resourceId, CancellationToken ct) =>
        tx.ListAsync($"SELECT {Columns} FROM change_log WHERE resource_type = @type AND resource_id = @id ORDER BY sequence",
            Map, ct, ("type", resourceType), ("id", resourceId));

    /// <summary>What <see cref="Map"/> reads, in its order.</summary>
    public const string Columns =
        "sequence, at, request_id, user_id, actor_project_id, service, resource_type, resource_id, project_id, action, detail, address, agent, failed";

    public static LoggedChange Map(Row row) => new(
        row.Int64(0), row.Instant(1),
        new Actor(row.String(2), row.NullableString(3), row.NullableString(4)) { Origin = MapOrigin(row.NullableString(11), row.NullableString(12)) },
        new Change(row.String(5), row.String(6), row.String(7), row.NullableString(8), row.String(9), row.NullableString(10)) { HasFailed = row.Bool(13) });

    private static Origin? MapOrigin(string? address, string? agent) => address is null && agent is null ? null : new Origin(address, agent);
}
