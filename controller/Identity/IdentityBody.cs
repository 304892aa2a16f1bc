using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Identity;

/// <summary>Reads and checks request bodies as Keystone does, with its texts. Source: keystone/common/validation, …/request_processing/json_body.py.</summary>
internal static class IdentityBody
{
    private static readonly JsonElement Empty = JsonDocument.Parse("{}").RootElement;

    /// <summary>The body as an object; an absent one counts as <c>{}</c>.</summary>
    public static async Task<Outcome<JsonElement>> ReadAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var fault, out var body))
            return fault.Code == Body.EmptyBody ? Empty : fault;
        return body.ValueKind == JsonValueKind.Object ? body : IdentityFaults.Expecting("valid JSON object", "request body");
    }

    /// <summary>The object behind the body's one member, such as <c>project</c>, checked against its schema; an absent one counts as <c>{}</c>.</summary>
    public static async Task<Outcome<JsonElement>> ReadMemberAsync(ApiRequest request, string name, JsonSchema schema, CancellationToken ct)
    {
        if ((await ReadAsync(request, ct)).Failed(out var fault, out var body))
            return fault;
        var member = body.Member(name) ?? Empty;
        return Check(schema, member) is { } invalid ? invalid : member;
    }

    /// <summary>
    /// The whole body, checked against a schema of it. Words as Keystone's newer resources have them. Source: keystone/api/validation/validators.py.
    /// </summary>
    public static async Task<Outcome<JsonElement>> ReadWholeAsync(ApiRequest request, JsonSchema schema, CancellationToken ct)
    {
        if ((await ReadAsync(request, ct)).Failed(out var fault, out var body))
            return fault;
        if (schema.Check(body) is not { } error)
            return body;
        return IdentityFaults.Invalid(error.Path.Count == 0
            ? error.Message
            : $"Invalid input for field/attribute {error.Path[^1]}. Value: {PythonText.Str(error.Value)}. {error.Message}");
    }

    public static Fault? Check(JsonSchema schema, JsonElement value)
    {
        if (schema.Check(value) is not { } error)
            return null;
        return IdentityFaults.Invalid(error.Path.Count == 0
            ? error.Message
            : $"Invalid input for field '{string.Join('/', error.Path)}': {error.Message}");
    }
}
