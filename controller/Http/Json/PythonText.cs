using System.Text;
using System.Text.Json;

namespace Appliance.Controller.Http.Json;

/// <summary>JSON values as Python prints them: the error texts of the real services quote values that way, and clients compare texts.</summary>
internal static class PythonText
{
    /// <summary><c>repr()</c> of the value: <c>'text'</c>, <c>None</c>, <c>True</c>, <c>['a', 1]</c>, <c>{'k': 'v'}</c>.</summary>
    public static string Repr(JsonElement value)
    {
        var text = new StringBuilder();
        Append(text, value);
        return text.ToString();
    }

    /// <summary><c>str()</c> of the value: a string without its quotes, else <see cref="Repr"/>.</summary>
    public static string Str(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : Repr(value);

    public static string Quote(string value)
    {
        var text = new StringBuilder(value.Length + 2);
        AppendQuoted(text, value);
        return text.ToString();
    }

    private static void Append(StringBuilder text, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                AppendQuoted(text, value.GetString()!);
                break;
            case JsonValueKind.True:
                text.Append("True");
                break;
            case JsonValueKind.False:
                text.Append("False");
                break;
            case JsonValueKind.Null:
            case JsonValueKind.Undefined:
                text.Append("None");
                break;
            case JsonValueKind.Array:
                AppendJoined(text, '[', value.EnumerateArray(), ']', Append);
                break;
            case JsonValueKind.Object:
                AppendJoined(text, '{', value.EnumerateObject(), '}', static (target, member) =>
                {
                    AppendQuoted(target, member.Name);
                    target.Append(": ");
                    Append(target, member.Value);
                });
                break;
            default:
                text.Append(value.GetRawText());
                break;
        }
    }

    private static void AppendJoined<T>(StringBuilder text, char open, IEnumerable<T> items, char close, Action<StringBuilder, T> append)
    {
        text.Append(open);
        var isFirst = true;
        foreach (var item in items)
        {
            if (!isFirst)
                text.Append(", ");
            isFirst = false;
            append(text, item);
        }

        text.Append(close);
    }

    // Python prefers single quotes and switches to double ones when the text has only single quotes inside.
    private static void AppendQuoted(StringBuilder text, string value)
    {
        var quote = value.Contains('\'', StringComparison.Ordinal) && !value.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        text.Append(quote);
        foreach (var character in value)
        {
            _ = character switch
            {
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                _ when character == quote => text.Append('\\').Append(character),
                < ' ' or '\x7f' => text.Append(CultureInfo.InvariantCulture, $"\\x{(int)character:x2}"),
                _ => text.Append(character),
            };
        }

        text.Append(quote);
    }
}
