using System.Text;
using Appliance.Controller.Data;

namespace Appliance.Controller.Networking.Resources;

/// <summary>A WHERE condition while it is composed; values are always parameters.</summary>
internal sealed class SqlCondition
{
    private readonly StringBuilder _text = new();
    private readonly List<Parameter> _parameters = [];

    public Parameter[] Parameters => [.. _parameters];

    /// <summary>With the keyword, or empty when nothing was asked.</summary>
    public string Where => _text.Length == 0 ? "" : " WHERE " + _text;

    public SqlCondition And(string condition)
    {
        if (_text.Length > 0)
            _text.Append(" AND ");
        _text.Append('(').Append(condition).Append(')');
        return this;
    }

    /// <summary>Adds a parameter; answers its name with the at sign.</summary>
    public string Bind(object? value)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"v{_parameters.Count}");
        _parameters.Add((name, value));
        return "@" + name;
    }

    public void Bind(string name, object? value) => _parameters.Add((name, value));

    /// <summary><c>expression IN (…)</c>; false for no values.</summary>
    public string In(string expression, IEnumerable<object?> values)
    {
        var list = string.Join(", ", values.Select(Bind));
        return list.Length == 0 ? "1 = 0" : $"{expression} IN ({list})";
    }
}
