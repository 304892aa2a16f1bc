using Appliance.Agent.Node.Documents;
using Appliance.Protocol;

namespace Appliance.Agent.Node.Reconcile;

/// <summary>
/// A part of the node that turns documents into things: network, guest services, compute. Level-triggered: each pass is given everything that
/// should be, must close the whole difference to what is (leftovers of earlier processes included), and is safe to repeat.
/// </summary>
internal interface IConsumer
{
    /// <summary>For log lines.</summary>
    string Name { get; }

    /// <summary>The kinds whose changes cause a pass.</summary>
    IReadOnlyList<string> Kinds { get; }

    /// <summary>Closes the difference as far as is possible now; an exception repeats the pass later.</summary>
    Task<PassResult> ConvergeAsync(DesiredState desired, CancellationToken ct);
}

/// <summary>What a pass has reached.</summary>
/// <param name="Statuses">Of every document the consumer reports on; a consumer that reports by itself leaves it empty.</param>
/// <param name="Remaining">Removed things of which something is still there; null: nothing is left of any.</param>
internal sealed record PassResult(IReadOnlyList<ObjectStatus> Statuses, IReadOnlySet<DocumentKey>? Remaining = null)
{
    public static PassResult Clean { get; } = new([]);
}
