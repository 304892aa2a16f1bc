using System.Collections.Concurrent;
using Appliance.Controller.Data;
using Appliance.Controller.Http;

namespace Appliance.Controller.Work;

/// <summary>
/// Runs workflows. A workflow is started inside the transaction that promises its result, so that an answered request is never lost; after
/// a crash every unfinished one goes on at the step that was recorded. Workflows of different objects run at the same time.
/// </summary>
internal sealed partial class Workflows(Database database, TimeProvider clock, ILogger<Workflows> log) : IAsyncDisposable
{
    private readonly Dictionary<string, WorkflowDefinition> _definitions = [];
    private readonly ConcurrentDictionary<string, WorkflowRunner> _running = new();
    private readonly CancellationTokenSource _stop = new();

    public static readonly ComponentSchema Schema = new("workflows",
    [
        """
        CREATE TABLE workflows (
            id TEXT PRIMARY KEY, kind TEXT NOT NULL, object_id TEXT NOT NULL, arguments TEXT NOT NULL, step BIGINT NOT NULL,
            fault_kind TEXT, fault_public TEXT, fault_internal TEXT, request_id TEXT NOT NULL, user_id TEXT, project_id TEXT,
            created_at BIGINT NOT NULL);
        CREATE INDEX workflows_object ON workflows (object_id);
        """,
    ]);

    /// <summary>Registers a kind. Call before <see cref="ResumeAsync"/>.</summary>
    public void Register(WorkflowDefinition definition) => _definitions.Add(definition.Kind, definition);

    /// <summary>Records a new workflow in the caller's transaction; it runs once that is durable.</summary>
    public async Task<string> StartAsync(Session tx, string kind, string objectId, string arguments, Actor actor, CancellationToken ct)
    {
        var workflow = new Workflow(Guid.NewGuid().ToString(), kind, objectId, arguments, actor, 0, null, clock.GetUtcNow());
        await WorkflowStore.InsertAsync(tx, workflow, ct);
        tx.AfterCommit(() => Run(workflow));
        return workflow.Id;
    }

    /// <summary>Continues everything that a former process left unfinished.</summary>
    public async Task ResumeAsync(CancellationToken ct)
    {
        var unfinished = await database.ReadAsync(WorkflowStore.ListAsync, ct);
        foreach (var workflow in unfinished)
            Run(workflow);
    }

    /// <summary>What the workflows of this object wait for may be there now. A no-op when it has none.</summary>
    public void Wake(string objectId)
    {
        foreach (var runner in _running.Values)
        {
            if (runner.ObjectId == objectId)
                runner.Wake();
        }
    }

    public void WakeAll()
    {
        foreach (var runner in _running.Values)
            runner.Wake();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running.Values.Select(static runner => runner.Completion));
        _stop.Dispose();
    }

    private void Run(Workflow workflow)
    {
        if (!_definitions.TryGetValue(workflow.Kind, out var definition))
        {
            LogUnknown(workflow.Kind, workflow.Id);
            return;
        }

        var runner = new WorkflowRunner(database, definition, workflow, clock, log);
        if (_running.TryAdd(workflow.Id, runner))
            runner.Start(() => _running.TryRemove(workflow.Id, out _), _stop.Token);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "workflow {Id}: kind {Kind} is unknown to this build; it stays recorded")]
    private partial void LogUnknown(string kind, string id);
}
