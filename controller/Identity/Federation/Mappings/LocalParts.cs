using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Identity.Federation.Mappings;

/// <summary>
/// The local parts of the rules that applied, put together: the first user counts, the rest adds up. Source: keystone/federation/utils.py,
/// RuleProcessor and those derived from it.
/// </summary>
internal sealed class LocalParts(MappingDialect dialect)
{
    // What Keystone itself sends to other clouds: one group, with its domain.
    private const string JsonPrefix = "JSON:";

    private readonly List<MappedName> _groups = [];
    private readonly List<MappedProject> _projects = [];
    private MappedName? _user;
    private MappedName? _lastDomain;
    private string? _email;
    private bool _isLocal;

    public bool IsEmpty { get; private set; } = true;

    // Who is without a domain is in that of the last part.
    public MappedIdentity ToIdentity() => new(
        dialect.HonorsDomain && _user is not null ? Within(_user, _lastDomain) : _user, _email, _isLocal, _groups, _projects, dialect.SyncsProjects);

    public Fault? Add(JsonElement local, MappingValues values)
    {
        IsEmpty = false;
        var isWhole = TryDomain(local, values, out _lastDomain) && AddUser(local.Member("user"), values) && AddGroup(local.Member("group"), values)
            && AddGroupIds(local, values) && AddGroups(local, values) && AddProjects(local.Member("projects"), values) && AddProjectsJson(local, values);
        return isWhole
            ? null
            : IdentityFaults.Unauthorized("a rule of the mapping names a value that it does not take, groups without a domain, or projects that are none");
    }

    private bool AddUser(JsonElement? user, MappingValues values)
    {
        if (user is not { } given || _user is not null)
            return true;
        if (!TryName(given, values, out var name) || !TryText(given, "email", values, out _email))
            return false;
        (_user, _isLocal) = (name, given.StringOrNull("type") == "local");
        return true;
    }

    private bool AddGroup(JsonElement? group, MappingValues values)
    {
        if (group is not { } given)
            return true;
        if (!TryName(given, values, out var name))
            return false;
        _groups.Add(name);
        return true;
    }

    private bool AddGroupIds(JsonElement local, MappingValues values)
    {
        if (local.StringOrNull("group_ids") is not { } ids)
            return true;
        if (values.FillList(ids) is not { } each)
            return false;
        _groups.AddRange(each.Select(static id => new MappedName(id, null, null, null)));
        return true;
    }

    private bool AddGroups(JsonElement local, MappingValues values)
    {
        if (local.StringOrNull("groups") is not { } names)
            return true;
        if (values.FillList(names) is not { } filled)
            return false;
        foreach (var text in filled)
        {
            var group = text.StartsWith(JsonPrefix, StringComparison.Ordinal)
                ? MappedJson.ReadGroup(text[JsonPrefix.Length..])
                : local.Has("domain") ? new MappedName(null, text, _lastDomain?.DomainId, _lastDomain?.DomainName) : null;
            if (group is null)
                return false;
            _groups.Add(group);
        }

        return true;
    }

    private bool AddProjects(JsonElement? projects, MappingValues values)
    {
        if (projects is not { } given)
            return true;
        foreach (var project in given.EnumerateArray())
        {
            var roles = project.GetProperty("roles").EnumerateArray().Select(role => values.Fill(role.StringOrNull("name")!)).ToArray();
            if (!TryName(project, values, out var name) || roles.Any(static role => role is null))
                return false;
            AddProject(new MappedProject(name, roles!));
        }

        return true;
    }

    private bool AddProjectsJson(JsonElement local, MappingValues values)
    {
        if (local.StringOrNull("projects_json") is not { } place)
            return true;
        if (values.FillList(place) is not { } texts || MappedJson.ReadProjects(texts) is not { } projects)
            return false;
        foreach (var project in projects)
            AddProject(project);
        return true;
    }

    private void AddProject(MappedProject project) =>
        _projects.Add(dialect.HonorsDomain ? project with { Project = Within(project.Project, _lastDomain) } : project);

    private static MappedName Within(MappedName name, MappedName? domain) =>
        name is { DomainId: null, DomainName: null } && domain is not null ? name with { DomainId = domain.DomainId, DomainName = domain.DomainName } : name;

    private static bool TryDomain(JsonElement given, MappingValues values, out MappedName domain)
    {
        var named = given.Member("domain") ?? default;
        var isWhole = TryText(named, "id", values, out var id) & TryText(named, "name", values, out var name);
        domain = new MappedName(null, null, id, name);
        return isWhole;
    }

    private static bool TryName(JsonElement given, MappingValues values, out MappedName name)
    {
        var isWhole = TryText(given, "id", values, out var id) & TryText(given, "name", values, out var text) & TryDomain(given, values, out var domain);
        name = domain with { Id = id, Name = text };
        return isWhole;
    }

    private static bool TryText(JsonElement given, string member, MappingValues values, out string? text)
    {
        text = null;
        return given.StringOrNull(member) is not { } template || (text = values.Fill(template)) is not null;
    }
}
