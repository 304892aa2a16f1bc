using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Networking.Attributes;

namespace Appliance.Controller.Networking.Resources;

/// <summary>Adds the condition of a list filter with these values; answers why it cannot.</summary>
internal delegate Fault? FilterWriter(SqlCondition condition, IReadOnlyList<string> values);

/// <summary>A row of a resource's attribute map: what bodies may say (the rule), how a view shows it, how lists filter and sort by it.</summary>
/// <param name="write">Writes the value; null: never shown.</param>
internal sealed class ResourceAttribute<T>(string name, Action<Utf8JsonWriter, T>? write) : AttributeRule(name)
{
    public Action<Utf8JsonWriter, T>? Write => write;
    public override bool IsInBodies => write is not null || AllowPost || AllowPut;
    public FilterWriter? Filter { get; private set; }

    /// <summary>A POST may name it; left out, it has this value.</summary>
    public ResourceAttribute<T> Post(object? otherwise)
    {
        (AllowPost, Default) = (true, otherwise);
        return this;
    }

    /// <summary>A POST may name it; left out, it stays absent.</summary>
    public ResourceAttribute<T> Post() => Post(Unset);

    public ResourceAttribute<T> PostRequired()
    {
        (AllowPost, IsRequired) = (true, true);
        return this;
    }

    public ResourceAttribute<T> Put()
    {
        AllowPut = true;
        return this;
    }

    public ResourceAttribute<T> ReadBy(AttributeReader reader)
    {
        Reader = reader;
        return this;
    }

    /// <summary>Setting it needs the policy <c>create_x:name</c> or <c>update_x:name</c>.</summary>
    public ResourceAttribute<T> Guarded()
    {
        IsGuarded = true;
        return this;
    }

    public ResourceAttribute<T> FilterBy(FilterWriter filter)
    {
        Filter = filter;
        return this;
    }

    /// <summary>Filters by equality with a text expression, any of several values.</summary>
    public ResourceAttribute<T> FilterText(string expression) => FilterBy((condition, values) =>
    {
        condition.And(condition.In(expression, values));
        return null;
    });

    public ResourceAttribute<T> FilterFlag(string expression) => FilterBy((condition, values) =>
    {
        var flags = values.Select(Read.TryFlag).ToList();
        if (flags.IndexOf(null) is >= 0 and var bad)
            return NeutronErrors.InvalidInput($"'{values[bad]}' cannot be converted to boolean");
        condition.And(condition.In(expression, flags.Select(static flag => (object?)flag)));
        return null;
    });

    public ResourceAttribute<T> FilterNumber(string expression) => FilterBy((condition, values) =>
    {
        var numbers = new List<object?>();
        foreach (var value in values)
        {
            if (!long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
                return NeutronErrors.InvalidInput($"'{value}' is not an integer");
            numbers.Add(number);
        }

        condition.And(condition.In(expression, numbers));
        return null;
    });

    /// <summary>Lists may sort by it.</summary>
    public ResourceAttribute<T> SortBy(string expression)
    {
        SortExpression = expression;
        return this;
    }
}

/// <summary>Attributes of the usual types.</summary>
internal static class Attribute
{
    public static ResourceAttribute<T> Text<T>(string name, Func<T, string?> value) => new(name, (json, item) => json.WriteStringValue(value(item)));
    public static ResourceAttribute<T> Flag<T>(string name, Func<T, bool> value) => new(name, (json, item) => json.WriteBooleanValue(value(item)));
    public static ResourceAttribute<T> Number<T>(string name, Func<T, long?> value) => new(name, (json, item) =>
    {
        if (value(item) is { } number)
            json.WriteNumberValue(number);
        else
            json.WriteNullValue();
    });

    public static ResourceAttribute<T> Texts<T>(string name, Func<T, IEnumerable<string>> value) => new(name, (json, item) =>
    {
        json.WriteStartArray();
        foreach (var text in value(item))
            json.WriteStringValue(text);
        json.WriteEndArray();
    });

    /// <summary>A document that is stored as JSON text and shown as it is.</summary>
    public static ResourceAttribute<T> Raw<T>(string name, Func<T, string> json) =>
        new(name, (writer, item) => writer.WriteRawValue(json(item), skipInputValidation: true));

    /// <summary>Never shown; only read from bodies or used as a filter.</summary>
    public static ResourceAttribute<T> Hidden<T>(string name) => new(name, null);
}
