using System.Text.RegularExpressions;
using Appliance.Controller.Data;

namespace Appliance.Controller.Compute.Servers.Lists;

/// <summary>What a list of servers is asked for. Conditions on columns go into SQL; patterns are matched on the rows that pass those.</summary>
internal sealed class ServerFilters
{
    private readonly List<string> _conditions = [];
    private readonly List<Parameter> _parameters = [];
    private readonly List<Func<Server, bool>> _matches = [];

    /// <summary>Address patterns by IP version: answered by Networking, as ids.</summary>
    public List<(int Version, string Pattern)> Addresses { get; } = [];

    /// <summary>Nothing can match, so nothing is read.</summary>
    public bool MatchesNothing { get; set; }

    public IReadOnlyList<Parameter> Parameters => _parameters;
    public bool HasMatches => _matches.Count > 0;
    public string Where => _conditions.Count == 0 ? "1 = 1" : string.Join(" AND ", _conditions);

    public void Require(string condition) => _conditions.Add(condition);

    /// <param name="column">A name from code, never from a request.</param>
    public void Equal(string column, object? value) => _conditions.Add($"{column} = {Bind(value)}");

    public void AnyOf(string column, IEnumerable<string> values) =>
        _conditions.Add($"{column} IN ({string.Join(", ", values.Select(Bind))})");

    public void States(IReadOnlyList<(string VmState, string? TaskState)> states) => _conditions.Add(
        "(" + string.Join(" OR ", states.Select(state => state.TaskState is { } task
            ? $"(vm_state = {Bind(state.VmState)} AND task_state = {Bind(task)})"
            : $"vm_state = {Bind(state.VmState)}")) + ")");

    public void AtOrAfter(string column, DateTimeOffset instant) => _conditions.Add($"{column} >= {Bind(instant)}");

    public void Match(Func<Server, bool> match) => _matches.Add(match);

    /// <summary>An unanchored pattern, as MySQL's REGEXP that Nova uses.</summary>
    public void Pattern(Regex pattern, Func<Server, string?> value) =>
        _matches.Add(server => value(server) is { } text && pattern.IsMatch(text));

    public bool Passes(Server server)
    {
        foreach (var match in _matches)
        {
            if (!match(server))
                return false;
        }

        return true;
    }

    /// <summary>A parameter of its own for one more value.</summary>
    public string Bind(object? value)
    {
        var name = "f" + _parameters.Count.ToString(CultureInfo.InvariantCulture);
        _parameters.Add(new Parameter(name, value));
        return "@" + name;
    }
}
