using Appliance.Controller.Data;
using Appliance.Controller.Http;

namespace Appliance.Controller.Work;

/// <summary>One workflow on its way: forward step by step, or back from where it failed.</summary>
internal sealed partial class WorkflowRunner(
    Database database, WorkflowDefinition definition, Workflow workflow, TimeProvider clock, ILogger log) : IDisposable
{
    // A waiting step looks again by itself after this, in case a wake-up was lost with a former process.
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PauseAfterException = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _wake = new(0, 1);
    private Workflow _workflow = workflow;

    public string ObjectId => _workflow.ObjectId;
    public Task Completion { get; private set; } = Task.CompletedTask;

    public void Start(Action onEnd, CancellationToken ct) => Completion = Task.Run(async () =>
    {
        try
        {
            await RunAsync(ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Stays recorded; the next process goes on.
        }
        finally
        {
            // Not disposed here: a late Wake from another thread may still hold this runner; it has no unmanaged wait handle.
            onEnd();
        }
    }, CancellationToken.None);

    public void Dispose() => _wake.Dispose();

    public void Wake()
    {
        try
        {
            if (_wake.CurrentCount == 0)
                _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // Already woken.
        }
    }

    private async Task RunAsync(CancellationToken ct)
    {
        while (_workflow.Fault is null && _workflow.Step < definition.Steps.Count)
            await StepForwardAsync(ct);
        while (_workflow.Fault is not null && _workflow.Step >= 0)
            await StepBackAsync(ct);

        if (_workflow.Fault is not null && definition.OnFailed is { } failed)
            await RepeatAsync("failed", () => failed(_workflow, ct), ct);

        CrashPoint.Reach($"{definition.Kind}:end:before");
        await database.WriteAsync((tx, token) => WorkflowStore.DeleteAsync(tx, _workflow.Id, token), ct);
    }

    private async Task StepForwardAsync(CancellationToken ct)
    {
        var (name, action, _) = definition.Steps[_workflow.Step];
        CrashPoint.Reach($"{definition.Kind}:{name}:before");
        var result = StepResult.Wait;
        await RepeatAsync(name, async () => result = await action(_workflow, ct), ct);
        CrashPoint.Reach($"{definition.Kind}:{name}:after");

        switch (result.End)
        {
            case StepEnd.Wait:
                await _wake.WaitAsync(LookAgain, ct);
                break;
            case StepEnd.Failed:
                LogFailed(definition.Kind, name, _workflow.ObjectId, result.Fault!.Internal ?? result.Fault.Public);
                await RecordAsync(_workflow with { Fault = result.Fault }, ct);
                break;
            case StepEnd.Done:
                await RecordAsync(_workflow with { Step = _workflow.Step + 1 }, ct);
                break;
            default:
                throw new InvalidOperationException($"step end {result.End}");
        }
    }

    private async Task StepBackAsync(CancellationToken ct)
    {
        var (name, _, undo) = definition.Steps[_workflow.Step];
        CrashPoint.Reach($"{definition.Kind}:{name}:undo");
        if (undo is not null)
            await RepeatAsync(name, () => undo(_workflow, ct), ct);
        await RecordAsync(_workflow with { Step = _workflow.Step - 1 }, ct);
    }

    // The last step's record and the workflow's end are one write, so an ordinary end costs no extra commit.
    private async Task RecordAsync(Workflow next, CancellationToken ct)
    {
        _workflow = next;
        if (next.Fault is null && next.Step == definition.Steps.Count)
            return;
        await database.WriteAsync((tx, token) => WorkflowStore.UpdateAsync(tx, next, token), ct);
    }

    // An exception is a bug or a passing failure of the machine: the step is repeated, for nothing else can be promised about it.
    private async Task RepeatAsync(string step, Func<Task> action, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                await action();
                return;
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                throw;
            }
            catch (Exception e)
            {
                LogException(e, definition.Kind, step, _workflow.ObjectId);
                await Task.Delay(PauseAfterException, clock, ct);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "workflow {Kind} of {ObjectId} failed at step {Step}: {Reason}")]
    private partial void LogFailed(string kind, string step, string objectId, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "workflow {Kind} of {ObjectId}: step {Step} threw; repeating it")]
    private partial void LogException(Exception exception, string kind, string step, string objectId);
}
