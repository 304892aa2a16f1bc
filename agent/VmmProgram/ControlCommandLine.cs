using System.Buffers;
using System.Text;
using System.Text.Json;
using Appliance.Linux.Libc;
using Appliance.Vmm.Control;

namespace Appliance.VmmProgram;

/// <summary><c>appliance-vmm ctl</c>: one command of the control protocol, for a person or a script.</summary>
internal static class ControlCommandLine
{
    private const string Events = "events";
    private const string TapPrefix = "@tap:";

    public static int Run(string socket, string command, ReadOnlySpan<string> parameters)
    {
        var files = new List<Fd>();
        try
        {
            using var client = ControlClient.Connect(socket);
            Open(parameters, files);
            client.Send(Request(command == Events ? "subscribe" : command, parameters), [.. files]);
            bool isRefused = false;
            while (client.Receive() is { } line)
            {
                if (command == Events && !IsAnswer(line, out _))
                    Terminal.Write(Terminal.Output, Encoding.UTF8.GetString(line) + "\n");
                if (!IsAnswer(line, out string member))
                    continue;
                isRefused = member == "error";
                if (isRefused || command != Events)
                    Terminal.Write(isRefused ? Terminal.Error : Terminal.Output, Encoding.UTF8.GetString(line) + "\n");
                if (isRefused || command != Events)
                    break;
            }

            return isRefused ? VmmCommands.Failure : VmmCommands.Success;
        }
        catch (LinuxException error)
        {
            Terminal.Say($"appliance-vmm: {error.Message}");
            return VmmCommands.Failure;
        }
        finally
        {
            foreach (var file in files)
                file.Dispose();
        }
    }

    /// <summary>
    /// What travels with the command, opened here, for the machine's process opens nothing: <c>@FILE</c> of a disk, <c>@tap:NAME</c> of a TAP interface,
    /// <c>unix:PATH</c> to connect to, or a file that the command writes.
    /// </summary>
    private static void Open(ReadOnlySpan<string> parameters, List<Fd> files)
    {
        bool isReadOnly = parameters.Contains("readOnly=true");
        foreach (string parameter in parameters)
        {
            if (parameter.StartsWith(TapPrefix, StringComparison.Ordinal))
                files.Add(OpenTap(parameter[TapPrefix.Length..]));
            else if (parameter.StartsWith('@'))
                files.Add(Files.Open(parameter[1..], isReadOnly ? Files.O_RDONLY : Files.O_RDWR));
            else if (StreamSource.Parse(parameter) is { } stream)
                files.Add(stream.Connect());
            else if (!parameter.Contains('=', StringComparison.Ordinal))
                files.Add(Files.Open(parameter, Files.O_RDWR | Files.O_CREAT, 0b110_000_000));
        }
    }

    private static Fd OpenTap(string name)
    {
        var errno = TapQueue.TryOpen(name, out var tap);
        return errno == Errno.None ? tap! : throw new LinuxException($"open TAP interface {name}", errno);
    }

    // Values that read as numbers or truths are those; everything else is text.
    private static byte[] Request(string command, ReadOnlySpan<string> parameters)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("id"u8, 1);
            writer.WriteString("command"u8, command);
            foreach (string parameter in parameters)
            {
                int equals = parameter.IndexOf('=', StringComparison.Ordinal);
                if (equals < 0 || parameter.StartsWith('@'))
                    continue;
                var (name, value) = (parameter[..equals], parameter[(equals + 1)..]);
                if (long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number))
                    writer.WriteNumber(name, number);
                else if (value is "true" or "false")
                    writer.WriteBoolean(name, value == "true");
                else
                    writer.WriteString(name, value);
            }

            writer.WriteEndObject();
        }

        return [.. buffer.WrittenSpan, (byte)'\n'];
    }

    /// <summary>Whether a line is the answer to the one request, and which of "result" and "error" it has.</summary>
    private static bool IsAnswer(ReadOnlySpan<byte> line, out string member)
    {
        member = "";
        bool hasId = false;
        var reader = new Utf8JsonReader(line);
        _ = reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            hasId |= reader.ValueTextEquals("id"u8);
            if (reader.ValueTextEquals("result"u8) || reader.ValueTextEquals("error"u8))
                member = reader.GetString()!;
            reader.Skip();
        }

        return hasId && member.Length > 0;
    }
}
