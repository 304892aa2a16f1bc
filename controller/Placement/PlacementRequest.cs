using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Placement;

/// <summary>What handlers of Placement share: bodies, texts of refusals, headers.</summary>
internal static class PlacementRequest
{
    /// <summary>What a path that is not there is answered with.</summary>
    public const string NothingHere = "The resource could not be found.";

    public static bool Has(this ApiRequest request, Microversion version) => request.Version >= version;

    /// <summary>A provider that is not there, in the words of the store; several operations put words of their own before it.</summary>
    public static string NoProvider(string id) => $"No resource provider with uuid {id} found";

    public static Fault StaleGeneration { get; } = PlacementFaults.Conflict(
        "Resource provider's generation already changed. Please update the generation and try again.", PlacementFaults.ConcurrentUpdate);

    public static async Task<Outcome<JsonElement>> ReadJsonAsync(this ApiRequest request, JsonSchema schema, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var bad, out var body))
            return bad;
        return CheckSchema("JSON does not validate", schema, body) is { } invalid ? invalid : body;
    }

    /// <summary>The 400 of something that does not fit a schema, in the words of Python's jsonschema without its print of the schema.</summary>
    public static Fault? CheckSchema(string what, JsonSchema schema, JsonElement value)
    {
        if (schema.Check(value) is not { } error)
            return null;
        var instance = string.Concat(error.Path.Select(static step =>
            int.TryParse(step, CultureInfo.InvariantCulture, out _) ? $"[{step}]" : $"[{PythonText.Quote(step)}]"));
        return PlacementFaults.Invalid($"{what}: {error.Message}  Failed validating '{error.Keyword}' in schema{error.Schema}:  "
            + $"On instance{instance}:     {PythonText.Repr(error.Value)}");
    }

    /// <summary>As <see cref="CheckSchema(string, JsonSchema, JsonElement)"/>, of an object that has nothing but this name.</summary>
    public static Fault? CheckName(string what, JsonSchema schema, string name)
    {
        using var document = JsonDocument.Parse($"{{\"name\": \"{JsonEncodedText.Encode(name)}\"}}");
        return CheckSchema(what, schema, document.RootElement);
    }

    /// <summary>Members in order; of a name that comes twice the last counts, as in Python.</summary>
    public static Dictionary<string, JsonElement> Members(this JsonElement value)
    {
        var members = new Dictionary<string, JsonElement>();
        foreach (var member in value.EnumerateObject())
            members[member.Name] = member.Value;
        return members;
    }

    /// <summary>Adds the cache headers of newer versions.</summary>
    /// <param name="modified">When what is shown last changed.</param>
    public static ApiResult Fresh(this ApiResult result, ApiRequest request, DateTimeOffset modified) =>
        request.Has(PlacementVersions.CacheHeaders) ? result.With("Cache-Control", "no-cache").With("Last-Modified", modified.ToString("R", CultureInfo.InvariantCulture))
        : result;
}
