using System.Text.Json;

namespace Appliance.Controller.Networking.Attributes;

/// <summary>The attributes of one resource in a body after defaults, conversion and checks. Absent ones were not given and have no default.</summary>
internal sealed class AttributeValues
{
    private readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal);

    public IEnumerable<string> Names => _values.Keys;
    public object? this[string name] { set => _values[name] = value; }

    /// <summary>Whether the attribute is there, null included.</summary>
    public bool Has(string name) => _values.ContainsKey(name);

    /// <summary>Whether the attribute is there and not null (upstream's <c>is_attr_set</c>).</summary>
    public bool IsSet(string name) => _values.GetValueOrDefault(name) is not null;

    public object? Raw(string name) => _values.GetValueOrDefault(name);

    /// <summary>Null when absent or null.</summary>
    public string? Text(string name) => _values.GetValueOrDefault(name) as string;

    public string Text(string name, string otherwise) => Text(name) ?? otherwise;

    public bool? Flag(string name) => _values.GetValueOrDefault(name) as bool?;

    public bool Flag(string name, bool otherwise) => Flag(name) ?? otherwise;

    public long? Number(string name) => _values.GetValueOrDefault(name) as long?;

    public JsonElement? Json(string name) => _values.GetValueOrDefault(name) as JsonElement?;

    /// <summary>A value whose reader made something of its own.</summary>
    public T? Object<T>(string name) where T : class => _values.GetValueOrDefault(name) as T;
}
