using Appliance.Controller.Data;
using Appliance.Controller.Http;

namespace Appliance.Controller.Work;

/// <summary>How a step ended.</summary>
internal readonly struct StepResult
{
    private StepResult(StepEnd end, Fault? fault) => (End, Fault) = (end, fault);

    public StepEnd End { get; }
    public Fault? Fault { get; }

    public static StepResult Done { get; } = new(StepEnd.Done, null);

    /// <summary>What the step waits for is not there yet: run it again when the workflow is woken (<see cref="Workflows.Wake"/>).</summary>
    public static StepResult Wait { get; } = new(StepEnd.Wait, null);

    /// <summary>The workflow cannot succeed: undo what was done.</summary>
    public static implicit operator StepResult(Fault fault) => new(StepEnd.Failed, fault);
}

internal enum StepEnd
{
    Done,
    Wait,
    Failed,
}

/// <summary>A workflow as its row says.</summary>
/// <param name="ObjectId">What it works on; at most one unfinished workflow of a kind an object.</param>
/// <param name="Arguments">JSON given at the start.</param>
/// <param name="Actor">Who asked for it.</param>
/// <param name="Fault">Why it is being undone; null while it goes forward.</param>
internal sealed record Workflow(string Id, string Kind, string ObjectId, string Arguments, Actor Actor, int Step, Fault? Fault, DateTimeOffset CreatedAt);

/// <summary>Does one step; safe to repeat: the process may have been killed right after the step and before that was recorded.</summary>
internal delegate Task<StepResult> StepAction(Workflow workflow, CancellationToken ct);

/// <summary>Takes one step back; safe to repeat, and safe when the step never ran to its end.</summary>
internal delegate Task UndoAction(Workflow workflow, CancellationToken ct);

/// <summary>A sequence of durable steps, each recorded before it runs: <c>new("server-create").Do("allocate", Allocate, undo: Free)</c>.</summary>
internal sealed class WorkflowDefinition(string kind)
{
    private readonly List<(string Name, StepAction Do, UndoAction? Undo)> _steps = [];

    public string Kind => kind;
    public IReadOnlyList<(string Name, StepAction Do, UndoAction? Undo)> Steps => _steps;

    /// <summary>Runs after the last undo of a failed workflow, in the order of the steps' own failure: record the fault on the object.</summary>
    public UndoAction? OnFailed { get; private set; }

    public WorkflowDefinition Do(string name, StepAction action, UndoAction? undo = null)
    {
        _steps.Add((name, action, undo));
        return this;
    }

    public WorkflowDefinition Failed(UndoAction action)
    {
        OnFailed = action;
        return this;
    }
}
