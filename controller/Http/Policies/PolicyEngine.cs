using Microsoft.Extensions.Logging.Abstractions;

namespace Appliance.Controller.Http.Policies;

/// <summary>
/// Decides who may do what: the default of every documented operation under the operator's overrides. A rule nobody defined denies. The
/// override file is looked at again when it has changed; a file that cannot be read leaves the rules that were in force.
/// </summary>
/// <param name="overridesPath">Policy file; null: none. A key is a rule's name, which means that rule of every service that has it, or
/// <c>service:rule</c>. Names that no service knows are aliases for the file's own <c>rule:</c> references.</param>
internal sealed partial class PolicyEngine(string? overridesPath = null, TimeProvider? clock = null, ILogger? log = null)
{
    // Looking costs a system call; an operator's change may wait this long.
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, Dictionary<string, PolicyRule>> _defaults = PolicyDefaults.Read();
    private readonly Dictionary<string, Dictionary<string, PolicyScopes>> _scopes = new(StringComparer.Ordinal);
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private readonly ILogger _log = log ?? NullLogger.Instance;
    private readonly Lock _loading = new();
    private Dictionary<string, PolicyTable>? _tables;
    private (DateTime Time, long Length) _fileState;
    private long _lookedAt;

    /// <summary>Adds rules of one service, which the table may know or not, or replaces its rules from there; before the first question is asked.</summary>
    public void AddDefaults(string service, TextReader yaml)
    {
        if (!_defaults.TryGetValue(service, out var rules))
            _defaults.Add(service, rules = PolicyDefaults.CreateAliases());
        foreach (var rule in PolicyFile.Read(yaml, PolicyRule.Default))
            rules[rule.Name] = rule;
    }

    /// <summary>Whether the rule exists: an operation that names another one must not be served.</summary>
    public bool Knows(string service, string rule) => _defaults.TryGetValue(service, out var rules) && rules.ContainsKey(rule);

    public bool Allows(string service, string rule, Caller caller, PolicyTarget target) =>
        Find(service) is { } table && table.Find(rule) is { } found && found.Allows(new PolicyQuestion(table, caller, target, 0));

    /// <summary>Says which kinds of token a service's rules are for; rules not named are for all. Before the first question is asked.</summary>
    public void AddScopes(string service, TextReader table) => _scopes[service] = PolicyScopesTable.Read(table);

    /// <summary>Null when allowed; else the refusal, worded as oslo.policy words it.</summary>
    public Fault? Check(string service, string rule, Caller caller, PolicyTarget target) =>
        Allows(service, rule, caller, target)
            ? null
            : new Fault(FaultKind.Forbidden, $"Policy doesn't allow {rule} to be performed.", Code: rule);

    /// <summary>The rules of a service in force now; null when there is no such service.</summary>
    public PolicyTable? Find(string service)
    {
        var tables = Volatile.Read(ref _tables);
        if (tables is null || (overridesPath is not null && _clock.GetElapsedTime(Volatile.Read(ref _lookedAt)) > LookAgainAfter))
            tables = LookAgain();
        return tables.GetValueOrDefault(service);
    }

    /// <summary>Reads the overrides now.</summary>
    /// <exception cref="FormatException">The override file is not a policy file.</exception>
    public void Load()
    {
        lock (_loading)
            LoadLocked();
    }

    private Dictionary<string, PolicyTable> LookAgain()
    {
        lock (_loading)
        {
            Volatile.Write(ref _lookedAt, _clock.GetTimestamp());
            if (_tables is not null && FileState() == _fileState)
                return _tables;
            try
            {
                LoadLocked();
            }
            catch (Exception e) when (_tables is not null && e is (FormatException or IOException or UnauthorizedAccessException))
            {
                _fileState = FileState();
                LogBadFile(e, overridesPath!);
            }

            return _tables!;
        }
    }

    private void LoadLocked()
    {
        var fileState = FileState();
        var overrides = overridesPath is null ? [] : PolicyFile.Read(overridesPath);
        var tables = _defaults.ToDictionary(static service => service.Key, service =>
            Merge(service.Key, service.Value, overrides, _scopes.GetValueOrDefault(service.Key) ?? []));
        _fileState = fileState;
        Volatile.Write(ref _lookedAt, _clock.GetTimestamp());
        Volatile.Write(ref _tables, tables);
    }

    private static PolicyTable Merge(
        string service, Dictionary<string, PolicyRule> defaults, IReadOnlyList<PolicyRule> overrides, IReadOnlyDictionary<string, PolicyScopes> scopes)
    {
        var merged = new Dictionary<string, PolicyRule>(defaults, StringComparer.Ordinal);
        var prefix = service + ":";
        foreach (var rule in overrides)
        {
            var name = rule.Name.StartsWith(prefix, StringComparison.Ordinal) && !defaults.ContainsKey(rule.Name)
                ? rule.Name[prefix.Length..]
                : rule.Name;
            merged[name] = rule;
        }

        foreach (var (name, only) in scopes)
        {
            if (merged.TryGetValue(name, out var rule))
                merged[name] = rule with { Scopes = only };
        }

        return new PolicyTable(merged);
    }

    // A file that is gone has a state too: one that nothing can be read from.
    private (DateTime, long) FileState() =>
        overridesPath is not null && new FileInfo(overridesPath) is { Exists: true } file ? (file.LastWriteTimeUtc, file.Length) : default;

    [LoggerMessage(Level = LogLevel.Error, Message = "policy file {Path} cannot be used; the rules in force stay")]
    private partial void LogBadFile(Exception exception, string path);
}
