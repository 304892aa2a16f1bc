using System.Text.Json;
using System.Text.RegularExpressions;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Images;

/// <summary>One operation of a patch.</summary>
/// <param name="Value">Undefined for a removal.</param>
/// <param name="IsDraft4">The older patch format, in which <c>add</c> refuses what exists.</param>
internal sealed record ImageChange(string Operation, string Name, JsonElement Value, bool IsDraft4);

/// <summary>
/// <c>PATCH /v2/images/{id}</c>: JSON patches of two drafts, told apart by content type. Source: glance/api/v2/images.py
/// <c>RequestDeserializer.update</c>.
/// </summary>
internal static partial class ImagePatch
{
    private const string Draft4 = "application/openstack-images-v2.0-json-patch";
    private const string Draft10 = "application/openstack-images-v2.1-json-patch";
    private static readonly string[] Operations = ["add", "remove", "replace"];

    public static Outcome<List<ImageChange>> Read(string? contentType, JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Array)
            return new Fault(FaultKind.Invalid, "Request body must be a JSON array of operation objects.");

        var isDraft4 = contentType!.StartsWith(Draft4, StringComparison.OrdinalIgnoreCase);
        var changes = new List<ImageChange>();
        foreach (var item in body.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object)
                return new Fault(FaultKind.Invalid, "Operations must be JSON objects.");
            if (ReadChange(item, isDraft4).Failed(out var fault, out var change))
                return fault;
            changes.Add(change);
        }

        return changes;
    }

    /// <summary>Null when the content type is one of the two patch formats.</summary>
    public static Fault? CheckContentType(HttpContext http)
    {
        var contentType = http.Request.ContentType ?? "";
        if (contentType.StartsWith(Draft4, StringComparison.OrdinalIgnoreCase) || contentType.StartsWith(Draft10, StringComparison.OrdinalIgnoreCase))
            return null;
        http.Response.Headers["Accept-Patch"] = $"{Draft4}, {Draft10}";
        return new Fault(FaultKind.UnsupportedMediaType, $"Image PATCH expects Content-Type one of: {Draft4}, {Draft10}");
    }

    public static Outcome<Image> Apply(Image image, IEnumerable<ImageChange> changes, Caller caller)
    {
        foreach (var change in changes)
        {
            if (ApplyOne(image, change, caller).Failed(out var fault, out var changed))
                return fault;
            image = changed;
        }

        return ImageRules.CheckLimits(image) is { } tooMany ? tooMany : image;
    }

    private static Outcome<Image> ApplyOne(Image image, ImageChange change, Caller caller)
    {
        var exists = ImageSchema.BaseAttributes.Contains(change.Name) || image.Properties.ContainsKey(change.Name);
        return change.Operation switch
        {
            "remove" => ImageAttributes.Remove(image, change.Name),
            "replace" when !exists => new Fault(FaultKind.Conflict, $"Property {change.Name} does not exist."),
            "add" when exists && change.IsDraft4 => new Fault(FaultKind.Conflict, $"Property {change.Name} already present."),
            _ => ImageAttributes.Set(image, change.Name, change.Value, caller),
        };
    }

    private static Outcome<ImageChange> ReadChange(JsonElement item, bool isDraft4)
    {
        if ((isDraft4 ? ReadDraft4(item) : ReadDraft10(item)).Failed(out var badOperation, out var operation))
            return badOperation;
        if (ReadPointer(operation.Path).Failed(out var badPointer, out var path))
            return badPointer;
        if (path.Length != 1)
            return new Fault(FaultKind.Invalid, $"Invalid JSON pointer for this resource: '/{string.Join('/', path)}'");

        var name = path[0];
        if (ImageSchema.ReadOnly.Contains(name))
            return new Fault(FaultKind.Forbidden, $"Attribute '{name}' is read-only.");
        if (ImageAttributes.CheckName(name) is { } reserved)
            return reserved;
        if (operation.Name == "remove")
            return new ImageChange(operation.Name, name, default, isDraft4);
        if (item.Member("value") is not { } value)
            return new Fault(FaultKind.Invalid, $"Operation \"{operation.Name}\" requires a member named \"value\".");
        if (CheckValue(name, value) is { } badValue)
            return badValue;
        return new ImageChange(operation.Name, name, value, isDraft4);
    }

    private static Fault? CheckValue(string name, JsonElement value)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WritePropertyName(name);
            value.WriteTo(json);
            json.WriteEndObject();
        }

        using var partial = JsonDocument.Parse(buffer.WrittenMemory);
        return ImageSchema.Image.Check(partial.RootElement) is { } error ? ImageFaults.Schema("image", error.Message) : null;
    }

    private static Outcome<(string Name, string Path)> ReadDraft10(JsonElement item)
    {
        var available = string.Join(", ", Operations);
        if (item.Member("op") is not { } op || op.ValueKind == JsonValueKind.Null)
            return new Fault(FaultKind.Invalid, $"Unable to find `op` in JSON Schema change. It must be one of the following: {available}.");
        if (op.ValueKind != JsonValueKind.String || !Operations.Contains(op.GetString()))
            return new Fault(FaultKind.Invalid, $"Invalid operation: `{PythonText.Str(op)}`. It must be one of the following: {available}.");
        if (item.Member("path") is not { ValueKind: JsonValueKind.String } path)
            return new Fault(FaultKind.Invalid, "Unable to find 'path' in JSON Schema change");
        return (op.GetString()!, path.GetString()!);
    }

    private static Outcome<(string Name, string Path)> ReadDraft4(JsonElement item)
    {
        var present = Operations.Where(name => item.Has(name)).ToArray();
        if (present.Length > 1)
            return new Fault(FaultKind.Invalid, "Operation objects must contain only one member named \"add\", \"remove\", or \"replace\".");
        if (present.Length == 0 || item.GetProperty(present[0]).ValueKind != JsonValueKind.String)
            return new Fault(FaultKind.Invalid, "Operation objects must contain exactly one member named \"add\", \"remove\", or \"replace\".");
        return (present[0], item.GetProperty(present[0]).GetString()!);
    }

    // RFC 6901, in the limited form Glance accepts.
    private static Outcome<string[]> ReadPointer(string pointer)
    {
        if (!pointer.StartsWith('/'))
            return new Fault(FaultKind.Invalid, $"Pointer `{pointer}` does not start with \"/\".");
        if (AdjacentSlashes().IsMatch(pointer[1..]))
            return new Fault(FaultKind.Invalid, $"Pointer `{pointer}` contains adjacent \"/\".");
        if (pointer.Length > 1 && pointer.EndsWith('/'))
            return new Fault(FaultKind.Invalid, $"Pointer `{pointer}` end with \"/\".");
        if (UnknownEscape().IsMatch(pointer))
            return new Fault(FaultKind.Invalid, $"Pointer `{pointer}` contains \"~\" not part of a recognized escape sequence.");
        return pointer.TrimStart('/').Split('/').Select(static part => part
            .Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal).Trim()).ToArray();
    }

    [GeneratedRegex(@"/\s*?/")]
    private static partial Regex AdjacentSlashes();

    [GeneratedRegex("~[^01]|~$")]
    private static partial Regex UnknownEscape();
}
