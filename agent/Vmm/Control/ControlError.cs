namespace Appliance.Vmm.Control;

/// <summary>Why a request was refused. A client decides by the code; the message is for a person.</summary>
internal sealed record ControlError(string Code, string Message)
{
    /// <summary>The line is no request, or a parameter is missing, of the wrong kind or out of range.</summary>
    public static ControlError BadRequest(string message) => new("bad-request", message);

    public static ControlError UnknownCommand(string command) => new("unknown-command", $"there is no command '{command}'");

    /// <summary>The machine is not in a state for it.</summary>
    public static ControlError WrongState(string message) => new("wrong-state", message);

    /// <summary>A snapshot or a migration is under way.</summary>
    public static ControlError Busy(string message) => new("busy", message);

    public static ControlError NotFound(string message) => new("not-found", message);

    /// <summary>It was tried and did not work; the machine goes on as before.</summary>
    public static ControlError Failed(string message) => new("failed", message);
}
