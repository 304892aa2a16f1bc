using System.Text.Json;

namespace Appliance.Vmm.Control;

/// <summary>An answer that is owed: of a command that takes long. Kept once, on the control thread; a client that left meanwhile misses it.</summary>
internal sealed class ControlPromise(long id)
{
    internal ControlConnection? Connection { get; set; }

    /// <param name="error">Null when it went well.</param>
    /// <param name="writeResult">Writes members of the result object.</param>
    public void Keep(ControlError? error, Action<Utf8JsonWriter>? writeResult = null) =>
        Connection?.Send(ControlLine.Answer(id, error, writeResult));
}
