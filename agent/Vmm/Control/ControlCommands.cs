using System.Text.Json;

namespace Appliance.Vmm.Control;

/// <summary>The commands of the control socket by name. Whoever implements some adds them; <see cref="MachineCommands"/> has the machine's own.</summary>
internal sealed class ControlCommands
{
    private readonly Dictionary<string, Handler> _handlers = [];

    /// <summary>Runs on the control thread. Writes members of the result; nothing of it is sent when there is an error.</summary>
    /// <returns>Null when it is done, or when <see cref="ControlRequest.Defer"/> was called.</returns>
    public delegate ControlError? Handler(ControlRequest request, Utf8JsonWriter result);

    /// <exception cref="ArgumentException">The name is taken.</exception>
    public void Add(string name, Handler handler) => _handlers.Add(name, handler);

    /// <summary>As above, for commands that have neither parameters nor a result.</summary>
    public void Add(string name, Func<ControlError?> handler) => Add(name, (_, _) => handler());

    /// <param name="answer">The line to send when there is neither an error nor a promise.</param>
    internal ControlError? Run(ControlRequest request, out byte[]? answer)
    {
        answer = null;
        if (!_handlers.TryGetValue(request.Command, out var handler))
            return ControlError.UnknownCommand(request.Command);
        ControlError? error = null;
        byte[] line = ControlLine.Answer(request.Id, null, result => error = handler(request, result));
        if (error is null && request.Promise is null)
            answer = line;
        return error;
    }
}
