using System.Text;
using System.Text.Json;
using Appliance.Linux.Libc;

namespace Appliance.Vmm.Control;

/// <summary>One line of a client: an object of an id, a command and its parameters, which are numbers, strings and booleans.</summary>
internal sealed class ControlRequest
{
    /// <summary>Longest line. A program that writes more without a line end speaks something else.</summary>
    public const int MaxLineBytes = 8192;

    private readonly List<Parameter> _parameters = [];

    private readonly record struct Parameter(string Name, JsonTokenType Kind, string? Text, long Number);

    /// <summary>Comes back with the answer; 0 when the client gave none.</summary>
    public long Id { get; private set; }

    public string Command { get; private set; } = "";

    /// <summary>What came with the line (SCM_RIGHTS). Closed when the command is done; one that keeps a descriptor takes it out.</summary>
    public List<Fd> Descriptors { get; } = [];

    /// <summary>Where the answer goes when the command is not done when its handler returns; see <see cref="Defer"/>.</summary>
    public ControlPromise? Promise { get; private set; }

    /// <summary>Leaves the answer for later.</summary>
    public ControlPromise Defer() => Promise = new ControlPromise(Id);

    /// <returns>What is wrong with the line; null when all is well.</returns>
    public static ControlError? Parse(ReadOnlySpan<byte> line, out ControlRequest request)
    {
        request = new ControlRequest();
        try
        {
            var reader = new Utf8JsonReader(line);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return ControlError.BadRequest("a request is one JSON object in one line");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (request.Take(ref reader) is { } error)
                    return error;
            }

            // What follows the object is an error to the reader.
            _ = reader.Read();
        }
        catch (JsonException error)
        {
            return ControlError.BadRequest($"not JSON: {error.BytePositionInLine} bytes into the line");
        }
        catch (InvalidOperationException)
        {
            // The reader's word for text that is no UTF-8.
            return ControlError.BadRequest("a text is not UTF-8");
        }

        return request.Command.Length > 0 ? null : ControlError.BadRequest("'command' is missing");
    }

    /// <summary>A number in a range; null, with the error, when it is missing or not that.</summary>
    public ControlError? GetNumber(string name, long least, long most, out long value)
    {
        value = 0;
        if (Find(name) is not { } parameter)
            return ControlError.BadRequest($"'{name}' is missing");
        value = parameter.Number;
        return parameter.Kind == JsonTokenType.Number && value >= least && value <= most
            ? null
            : ControlError.BadRequest($"'{name}' is a number from {least} to {most}");
    }

    /// <summary>As <see cref="GetNumber"/>, where the parameter may be missing.</summary>
    public ControlError? GetNumber(string name, long least, long most, long otherwise, out long value)
    {
        value = otherwise;
        return Find(name) is null ? null : GetNumber(name, least, most, out value);
    }

    public ControlError? GetText(string name, out string value)
    {
        value = Find(name) is { Kind: JsonTokenType.String } parameter ? parameter.Text! : "";
        return value.Length > 0 ? null : ControlError.BadRequest($"'{name}' is a text");
    }

    /// <summary>False when it is missing.</summary>
    public ControlError? GetFlag(string name, out bool value)
    {
        var parameter = Find(name);
        value = parameter is { Kind: JsonTokenType.True };
        return parameter is null or { Kind: JsonTokenType.True or JsonTokenType.False } ? null : ControlError.BadRequest($"'{name}' is true or false");
    }

    /// <summary>Exactly so many descriptors came along.</summary>
    public ControlError? CheckDescriptors(int count) => Descriptors.Count == count
        ? null
        : ControlError.BadRequest($"{Command} takes {count} descriptors with the line, {Descriptors.Count} came");

    public void CloseDescriptors()
    {
        foreach (var descriptor in Descriptors)
            descriptor.Dispose();
        Descriptors.Clear();
    }

    private Parameter? Find(string name)
    {
        foreach (var parameter in _parameters)
        {
            if (parameter.Name == name)
                return parameter;
        }

        return null;
    }

    private ControlError? Take(ref Utf8JsonReader reader)
    {
        string name = TextOf(reader);
        _ = reader.Read();
        bool isNumber = reader.TokenType == JsonTokenType.Number;
        long number = 0;
        if (isNumber && !reader.TryGetInt64(out number))
            return ControlError.BadRequest($"'{name}' is no whole number");
        switch (name)
        {
            case "id" when isNumber:
                Id = number;
                return null;
            case "command" when reader.TokenType == JsonTokenType.String:
                Command = TextOf(reader);
                return null;
            case "id" or "command":
                return ControlError.BadRequest($"'{name}' is of the wrong kind");
        }

        if (reader.TokenType is not (JsonTokenType.Number or JsonTokenType.String or JsonTokenType.True or JsonTokenType.False))
            return ControlError.BadRequest($"'{name}' is neither number, text nor flag");
        _parameters.Add(new Parameter(name, reader.TokenType, reader.TokenType == JsonTokenType.String ? TextOf(reader) : null, number));
        return null;
    }

    private static string TextOf(in Utf8JsonReader reader)
    {
        Span<byte> text = stackalloc byte[Math.Max(1, reader.ValueSpan.Length)];
        return Encoding.UTF8.GetString(text[..reader.CopyString(text)]);
    }
}
