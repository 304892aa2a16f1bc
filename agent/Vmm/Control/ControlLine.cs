using System.Buffers;
using System.Text.Json;

namespace Appliance.Vmm.Control;

/// <summary>Lines of the control protocol as the VMM writes them; docs/vmm-control.md.</summary>
internal static class ControlLine
{
    public static byte[] Hello(string version) => Write(line =>
    {
        line.WriteString("hello"u8, "appliance-vmm"u8);
        line.WriteNumber("protocol"u8, ControlProtocol.Major);
        line.WriteNumber("revision"u8, ControlProtocol.Revision);
        line.WriteString("version"u8, version);
        line.WriteNumber("pid"u8, Environment.ProcessId);
    });

    public static byte[] Answer(long id, ControlError? error, Action<Utf8JsonWriter>? writeResult) => Write(line =>
    {
        line.WriteNumber("id"u8, id);
        line.WriteStartObject(error is null ? "result"u8 : "error"u8);
        if (error is null)
        {
            writeResult?.Invoke(line);
        }
        else
        {
            line.WriteString("code"u8, error.Code);
            line.WriteString("message"u8, error.Message);
        }

        line.WriteEndObject();
    });

    public static byte[] Event(string name, Action<Utf8JsonWriter>? writeMembers = null) => Write(line =>
    {
        line.WriteString("event"u8, name);
        writeMembers?.Invoke(line);
    });

    private static byte[] Write(Action<Utf8JsonWriter> writeMembers)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writeMembers(writer);
            writer.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }
}
