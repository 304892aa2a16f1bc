using Appliance.Controller.Data;
using Appliance.Controller.Http;

namespace Appliance.Controller.Identity.Collections;

/// <param name="Name">In the query string.</param>
/// <param name="IsFlag">Compared as a boolean.</param>
internal sealed record FilterField(string Name, string Column, bool IsFlag = false);

/// <summary>
/// What a list asks for, as SQL conditions: exact filters (<c>name=x</c>), inexact ones (<c>name__contains</c>, <c>__startswith</c>,
/// <c>__endswith</c>, with <c>i</c> before the word to ignore case), <c>limit</c> and <c>marker</c>. Unknown parameters are ignored, as in
/// Keystone. Source: keystone/server/flask/common.py, build_driver_hints.
/// </summary>
internal sealed class CollectionQuery
{
    // Keystone's default for max_db_limit.
    private const int MaxLimit = 1000;

    private static readonly string[] False = ["0", "false", "f", "no", "n", "off"];

    private readonly List<string> _conditions = [];
    private readonly List<Parameter> _parameters = [];

    /// <summary>Null: no limit was asked.</summary>
    public int? Limit { get; private set; }

    /// <summary>Id of the last item the client has; empty: from the start.</summary>
    public string Marker { get; private set; } = "";

    public string Conditions => _conditions.Count == 0 ? "1 = 1" : string.Join(" AND ", _conditions);
    public IReadOnlyList<Parameter> Parameters => _parameters;

    public static Outcome<CollectionQuery> Read(IQueryCollection query, params ReadOnlySpan<FilterField> fields)
    {
        var collection = new CollectionQuery { Marker = query.TryGetValue("marker", out var marker) ? marker[0] ?? "" : "" };
        if (query.TryGetValue("limit", out var limits) && limits[0] is { Length: > 0 } text)
        {
            if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var limit) || limit < 0)
                return IdentityFaults.Invalid($"Invalid input for field 'limit': '{text}' is not a non-negative integer");
            collection.Limit = limit == 0 ? null : Math.Min(limit, MaxLimit);
        }

        foreach (var (key, values) in query)
        {
            foreach (var field in fields)
            {
                if (key.StartsWith(field.Name, StringComparison.Ordinal))
                    collection.Add(field, key[field.Name.Length..], values[0] ?? "");
            }
        }

        return collection;
    }

    /// <summary>Adds a condition; parameter names must not begin with <c>f</c> and a digit, which filters use.</summary>
    public CollectionQuery And(string condition, params ReadOnlySpan<Parameter> parameters)
    {
        _conditions.Add(condition);
        _parameters.AddRange(parameters);
        return this;
    }

    /// <summary>Shows no more than that at once, whatever was asked; null: no limit.</summary>
    public CollectionQuery AtMost(int? most)
    {
        if (most is not null)
            Limit = Math.Min(Limit ?? int.MaxValue, most.Value);
        return this;
    }

    private void Add(FilterField field, string suffix, string value)
    {
        var name = $"f{_parameters.Count}";
        if (suffix.Length == 0)
        {
            And($"{field.Column} = @{name}", (name, field.IsFlag ? !False.Contains(value.ToLowerInvariant()) : value));
            return;
        }

        if (!suffix.StartsWith("__", StringComparison.Ordinal) || field.IsFlag || value.Length == 0)
            return;
        var comparator = suffix[2..];
        var column = field.Column;
        if (comparator.StartsWith('i'))
            (comparator, column, value) = (comparator[1..], $"LOWER({column})", value.ToLowerInvariant());

        // LIKE differs in case between engines; these do not.
        var condition = comparator switch
        {
            "contains" => $"REPLACE({column}, @{name}, '') <> {column}",
            "startswith" => $"SUBSTR({column}, 1, LENGTH(@{name})) = @{name}",
            "endswith" => $"LENGTH({column}) >= LENGTH(@{name}) AND SUBSTR({column}, LENGTH({column}) - LENGTH(@{name}) + 1) = @{name}",
            _ => null,
        };
        if (condition is not null)
            And(condition, (name, value));
    }
}
