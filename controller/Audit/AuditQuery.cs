using Appliance.Controller.Audit.Events;
using Appliance.Controller.Data;
using Appliance.Controller.Http;

namespace Appliance.Controller.Audit;

/// <summary>The conditions of a list of events, on rows of the change log.</summary>
/// <param name="IsAscending">Oldest first.</param>
internal sealed record AuditQuery(string Conditions, IReadOnlyList<Parameter> Parameters, bool IsAscending)
{
    public static Outcome<AuditQuery> Read(IQueryCollection query, ulong site)
    {
        var conditions = new List<string> { "1 = 1" };
        var parameters = new List<Parameter>();
        foreach (var (name, operation) in new[] { ("since", ">="), ("until", "<") })
        {
            if (Value(query, name) is not { } text)
                continue;
            if (!DateTimeOffset.TryParse(
                text.Replace(' ', '+'), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at))
                return new Fault(FaultKind.Invalid, $"{name} is not an ISO 8601 time: {text}");
            conditions.Add($"at {operation} @{name}");
            parameters.Add((name, at));
        }

        foreach (var (name, column) in new[] { ("initiator", "user_id"), ("target", "resource_id"), ("request_id", "request_id") })
        {
            if (Value(query, name) is not { } text)
                continue;
            conditions.Add($"{column} = @{name}");
            parameters.Add((name, text));
        }

        if (ReadOutcome(query, conditions) is { } badOutcome)
            return badOutcome;
        AddAction(Value(query, "action"), conditions, parameters);
        AddType(Value(query, "target_type"), conditions, parameters);
        return ReadOrder(query, site, conditions, parameters).Failed(out var badOrder, out var isAscending)
            ? badOrder
            : new AuditQuery(string.Join(" AND ", conditions), parameters, isAscending);
    }

    private static Fault? ReadOutcome(IQueryCollection query, List<string> conditions)
    {
        switch (Value(query, "outcome"))
        {
            case null:
                return null;
            case "success":
                conditions.Add("failed = 0");
                return null;
            case "failure":
                conditions.Add("failed = 1");
                return null;
            default:
                return new Fault(FaultKind.Invalid, "outcome is one of success, failure");
        }
    }

    // A sort order and where to go on.
    private static Outcome<bool> ReadOrder(IQueryCollection query, ulong site, List<string> conditions, List<Parameter> parameters)
    {
        if (Value(query, "sort_dir") is not (null or "asc" or "desc"))
            return new Fault(FaultKind.Invalid, "sort_dir is one of asc, desc");
        var isAscending = Value(query, "sort_dir") == "asc";
        if (Value(query, "marker") is not { } marker)
            return isAscending;
        if (AuditEventId.Parse(site, marker) is not { } sequence)
            return new Fault(FaultKind.Invalid, $"marker is not the id of an event: {marker}");
        conditions.Add(isAscending ? "sequence > @marker" : "sequence < @marker");
        parameters.Add(("marker", sequence));
        return isAscending;
    }

    private static void AddAction(string? action, List<string> conditions, List<Parameter> parameters)
    {
        if (action is null)
            return;
        if (CadfTaxonomy.ParseAction(action) is not { } known)
        {
            conditions.Add("1 = 0");
            return;
        }

        if (known.ResourceType is { } type)
        {
            conditions.Add("resource_type = @actionType");
            parameters.Add(("actionType", type));
        }

        conditions.Add(known.IsAnyOther
            ? $"action NOT IN ({string.Join(", ", CadfTaxonomy.NamedActions.Select(static name => $"'{name}'"))})"
            : "action = @action");
        if (!known.IsAnyOther)
            parameters.Add(("action", known.Action));
    }

    private static void AddType(string? typeUri, List<string> conditions, List<Parameter> parameters)
    {
        if (typeUri is null)
            return;
        var choices = new List<string>();
        foreach (var (service, type) in CadfTaxonomy.ParseType(typeUri))
        {
            choices.Add($"(service = @service{choices.Count} AND resource_type = @type{choices.Count})");
            parameters.Add(($"service{choices.Count - 1}", service));
            parameters.Add(($"type{choices.Count - 1}", type));
        }

        conditions.Add(choices.Count == 0 ? "1 = 0" : $"({string.Join(" OR ", choices)})");
    }

    private static string? Value(IQueryCollection query, string name) => query.TryGetValue(name, out var values) && values[0] is { Length: > 0 } text ? text : null;
}
