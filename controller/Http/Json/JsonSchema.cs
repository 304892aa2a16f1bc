using System.Text.Json;
using System.Text.RegularExpressions;

namespace Appliance.Controller.Http.Json;

/// <param name="Path">Members and indices from the root to the value; empty at the root.</param>
/// <param name="Message">As Python's jsonschema words it: <c>'' is too short</c>.</param>
/// <param name="Keyword">The keyword that refuses: <c>minLength</c>.</param>
/// <param name="Schema">Where in the schema it stands, as Python prints it: <c>['properties']['name']</c>; empty at the root.</param>
internal sealed record SchemaError(IReadOnlyList<string> Path, JsonElement Value, string Message, string Keyword, string Schema);

/// <summary>
/// The part of JSON Schema (draft 4) that OpenStack's request schemas use, with the messages of Python's jsonschema, since services pass
/// those on to clients. Schemas are built once, in static fields, and are immutable in use.
/// </summary>
internal sealed class JsonSchema
{
    private readonly Dictionary<string, JsonSchema> _properties = new(StringComparer.Ordinal);
    private readonly List<(Regex Name, JsonSchema Schema)> _patternProperties = [];
    private readonly List<string> _required = [];
    private string[] _types = [];
    private bool _isClosed;
    private JsonSchema? _additional;
    private JsonSchema? _items;
    private int? _minLength, _maxLength, _minItems, _maxItems, _minProperties, _maxProperties;
    private long? _minimum, _maximum;
    private bool _hasUniqueItems;
    private Regex? _pattern;
    private string[]? _enum;
    private (string Name, Func<string, bool> Check)? _format;
    private (string Keyword, Func<JsonElement, string?> Check)? _rule;
    private JsonSchema[]? _anyOf;
    private JsonSchema[]? _oneOf;

    /// <param name="types">JSON Schema type names; none means any.</param>
    public static JsonSchema Of(params string[] types) => new() { _types = types };
    public static JsonSchema Any => new();
    public static JsonSchema Object => Of("object");
    public static JsonSchema Array(JsonSchema items) => Of("array").Items(items);
    public static JsonSchema String(int? min = null, int? max = null) => Of("string").Length(min, max);
    public static JsonSchema NullableString(int? min = null, int? max = null) => Of("string", "null").Length(min, max);
    public static JsonSchema Boolean => Of("boolean");
    public static JsonSchema Integer(long? min = null, long? max = null) => Of("integer").Range(min, max);
    public static JsonSchema OneOfValues(params string[] values) => new JsonSchema().Values(values);

    public JsonSchema Property(string name, JsonSchema schema) => Set(() => _properties.Add(name, schema));
    public JsonSchema Required(string name, JsonSchema schema) => Set(() =>
    {
        _properties.Add(name, schema);
        _required.Add(name);
    });
    public JsonSchema PatternProperty(string pattern, JsonSchema schema) => Set(() => _patternProperties.Add((new Regex(pattern), schema)));

    /// <summary><c>additionalProperties: false</c>.</summary>
    public JsonSchema Closed() => Set(() => _isClosed = true);
    public JsonSchema Additional(JsonSchema schema) => Set(() => _additional = schema);
    public JsonSchema Properties(int? min = null, int? max = null) => Set(() => (_minProperties, _maxProperties) = (min, max));
    public JsonSchema Items(JsonSchema schema, int? min = null, int? max = null) => Set(() => (_items, _minItems, _maxItems) = (schema, min, max));
    public JsonSchema Count(int? min = null, int? max = null) => Set(() => (_minItems, _maxItems) = (min, max));
    public JsonSchema Unique() => Set(() => _hasUniqueItems = true);
    public JsonSchema Length(int? min, int? max) => Set(() => (_minLength, _maxLength) = (min, max));
    public JsonSchema Range(long? min, long? max) => Set(() => (_minimum, _maximum) = (min, max));
    public JsonSchema Pattern(string pattern) => Set(() => _pattern = new Regex(pattern));
    public JsonSchema Values(params string[] values) => Set(() => _enum = values);
    public JsonSchema Format(string name, Func<string, bool> check) => Set(() => _format = (name, check));

    /// <summary>What no keyword here expresses: a rule answers the message, or null when the value is good.</summary>
    /// <param name="keyword">The keyword it stands for.</param>
    public JsonSchema Rule(Func<JsonElement, string?> rule, string keyword = "rule") => Set(() => _rule = (keyword, rule));
    public JsonSchema AnyOf(params JsonSchema[] schemas) => Set(() => _anyOf = schemas);
    public JsonSchema OneOf(params JsonSchema[] schemas) => Set(() => _oneOf = schemas);

    /// <summary>The error to report: of several, the one nearest to the root, then the first.</summary>
    public SchemaError? Check(JsonElement value) => CheckAll(value).MinBy(static error => error.Path.Count);

    /// <summary>Everything that is wrong.</summary>
    public IReadOnlyList<SchemaError> CheckAll(JsonElement value)
    {
        var errors = new List<SchemaError>();
        Collect(value, [], "", errors);
        return errors;
    }

    private JsonSchema Set(Action change)
    {
        change();
        return this;
    }

    private void Collect(JsonElement value, IReadOnlyList<string> path, string schemaPath, List<SchemaError> errors)
    {
        void Report(string keyword, string message) => errors.Add(new SchemaError(path, value, message, keyword, schemaPath));

        if (_types.Length > 0 && !_types.Any(type => IsOfType(value, type)))
        {
            Report("type", $"{PythonText.Repr(value)} is not of type {string.Join(", ", _types.Select(PythonText.Quote))}");
            return;
        }

        if (_enum is not null && !(value.ValueKind == JsonValueKind.String && _enum.Contains(value.GetString())))
            Report("enum", $"{PythonText.Repr(value)} is not one of [{string.Join(", ", _enum.Select(PythonText.Quote))}]");
        if (_rule is { } rule && rule.Check(value) is { } broken)
            Report(rule.Keyword, broken);
        if (_anyOf is not null && !_anyOf.Any(schema => schema.Check(value) is null))
            Report("anyOf", $"{PythonText.Repr(value)} is not valid under any of the given schemas");
        if (_oneOf is not null && _oneOf.Count(schema => schema.Check(value) is null) is var matches and not 1)
            Report("oneOf", $"{PythonText.Repr(value)} is {(matches == 0 ? "not valid under any" : "valid under each")} of the given schemas");

        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                CollectObject(value, path, schemaPath, errors, Report);
                break;
            case JsonValueKind.Array:
                CollectArray(value, path, schemaPath, errors, Report);
                break;
            case JsonValueKind.String:
                CheckString(value, Report);
                break;
            case JsonValueKind.Number:
                CheckNumber(value, Report);
                break;
            default:
                break;
        }
    }

    private void CollectObject(
        JsonElement value, IReadOnlyList<string> path, string schemaPath, List<SchemaError> errors, Action<string, string> report)
    {
        var unexpected = new List<string>();
        var count = 0;
        foreach (var member in value.EnumerateObject())
        {
            count++;
            var isKnown = false;
            if (_properties.TryGetValue(member.Name, out var schema))
            {
                isKnown = true;
                schema.Collect(member.Value, [.. path, member.Name], $"{schemaPath}['properties'][{PythonText.Quote(member.Name)}]", errors);
            }

            foreach (var (name, patternSchema) in _patternProperties)
            {
                if (!name.IsMatch(member.Name))
                    continue;
                isKnown = true;
                patternSchema.Collect(
                    member.Value, [.. path, member.Name], $"{schemaPath}['patternProperties'][{PythonText.Quote(name.ToString())}]", errors);
            }

            if (isKnown)
                continue;
            if (_isClosed)
                unexpected.Add(member.Name);
            _additional?.Collect(member.Value, [.. path, member.Name], schemaPath + "['additionalProperties']", errors);
        }

        foreach (var name in _required)
        {
            if (!value.TryGetProperty(name, out _))
                report("required", $"{PythonText.Quote(name)} is a required property");
        }

        if (unexpected.Count > 0)
            report("additionalProperties", Unexpected(unexpected));
        if (count < _minProperties)
            report("minProperties", $"{PythonText.Repr(value)} does not have enough properties");
        if (count > _maxProperties)
            report("maxProperties", $"{PythonText.Repr(value)} has too many properties");
    }

    private string Unexpected(List<string> names)
    {
        var isOne = names.Count == 1;
        if (_patternProperties.Count == 0)
            return $"Additional properties are not allowed ({Quoted(names)} {(isOne ? "was" : "were")} unexpected)";
        var patterns = _patternProperties.Select(static pattern => pattern.Name.ToString()).Order(StringComparer.Ordinal);
        return $"{Quoted(names.Order(StringComparer.Ordinal))} {(isOne ? "does" : "do")} not match any of the regexes: {Quoted(patterns)}";

        static string Quoted(IEnumerable<string> texts) => string.Join(", ", texts.Select(PythonText.Quote));
    }

    private void CollectArray(
        JsonElement value, IReadOnlyList<string> path, string schemaPath, List<SchemaError> errors, Action<string, string> report)
    {
        var index = 0;
        foreach (var item in value.EnumerateArray())
            _items?.Collect(item, [.. path, (index++).ToString(CultureInfo.InvariantCulture)], schemaPath + "['items']", errors);

        var count = value.GetArrayLength();
        if (count < _minItems)
            report("minItems", $"{PythonText.Repr(value)} is too short");
        if (count > _maxItems)
            report("maxItems", $"{PythonText.Repr(value)} is too long");
        if (_hasUniqueItems && value.EnumerateArray().Select(static item => item.GetRawText()).Distinct().Count() != count)
            report("uniqueItems", $"{PythonText.Repr(value)} has non-unique elements");
    }

    private void CheckString(JsonElement value, Action<string, string> report)
    {
        var text = value.GetString()!;
        // JSON Schema counts characters, not UTF-16 units.
        var length = text.Length - text.Count(char.IsLowSurrogate);
        if (length < _minLength)
            report("minLength", $"{PythonText.Repr(value)} is too short");
        if (length > _maxLength)
            report("maxLength", $"{PythonText.Repr(value)} is too long");
        if (_pattern is not null && !_pattern.IsMatch(text))
            report("pattern", $"{PythonText.Repr(value)} does not match {PythonText.Quote(_pattern.ToString())}");
        if (_format is { } format && !format.Check(text))
            report("format", $"{PythonText.Repr(value)} is not a {PythonText.Quote(format.Name)}");
    }

    private void CheckNumber(JsonElement value, Action<string, string> report)
    {
        var number = value.GetDouble();
        if (number < _minimum)
            report("minimum", $"{value.GetRawText()} is less than the minimum of {_minimum}");
        if (number > _maximum)
            report("maximum", $"{value.GetRawText()} is greater than the maximum of {_maximum}");
    }

    private static bool IsOfType(JsonElement value, string type) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "null" => value.ValueKind == JsonValueKind.Null,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        _ => throw new ArgumentException($"no JSON Schema type is called {type}", nameof(type)),
    };
}
