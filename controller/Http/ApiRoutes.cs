using System.Text.Json;
using Appliance.Controller.Http.Policies;

namespace Appliance.Controller.Http;

/// <summary>An operation of the route table.</summary>
/// <param name="Pattern">With the service's prefix: <c>/compute/v2.1/servers/{server_id}</c>.</param>
/// <param name="Action">Member name of an action body (<c>os-start</c>); null for an ordinary operation.</param>
internal sealed class ApiOperation(ApiService service, string method, string pattern, string? action, ApiHandler handler)
{
    public ApiService Service => service;
    public string Method => method;
    public string Pattern => pattern;
    public string? Action => action;
    public ApiHandler Handler => handler;

    /// <summary>Policy rule asked before the handler runs; null only for a public operation.</summary>
    public string? Rule { get; private set; }

    /// <summary>No token needed.</summary>
    public bool IsPublic { get; private set; }

    /// <summary>A token is read when there is one, and a bad one counts as none.</summary>
    public bool AcceptsCaller { get; private set; }

    /// <summary>What the rule is asked about; null: the caller's own project and user.</summary>
    public PolicyTargetFinder? FindTarget { get; private set; }

    /// <summary>The handler asks the rule, because only the body says what it touches.</summary>
    public bool AsksInHandler { get; private set; }

    /// <summary>The named rule decides who may call this, with the caller's own project as target.</summary>
    public ApiOperation Allow(string rule)
    {
        Rule = rule;
        return this;
    }

    /// <summary>The named rule decides, asked about what <paramref name="findTarget"/> looks up from the path.</summary>
    public ApiOperation Allow(string rule, PolicyTargetFinder findTarget)
    {
        Rule = rule;
        FindTarget = findTarget;
        return this;
    }

    /// <summary>The named rule decides, and the handler asks it: before it changes or tells anything.</summary>
    public ApiOperation AllowInHandler(string rule)
    {
        Rule = rule;
        AsksInHandler = true;
        return this;
    }

    /// <summary>Version documents and the like: anybody.</summary>
    public ApiOperation Public(bool acceptsCaller = false)
    {
        IsPublic = true;
        AcceptsCaller = acceptsCaller;
        return this;
    }

    public override string ToString() => action is null ? $"{method} {pattern}" : $"{method} {pattern}#{action}";
}

/// <summary>Looks up what an operation is about to touch. Something that does not exist is no fault here: whoever may act on it learns it from the handler.</summary>
internal delegate ValueTask<PolicyTarget> PolicyTargetFinder(ApiRequest request, CancellationToken ct);

/// <summary>The route table of one service while it is being written.</summary>
internal sealed class ApiRoutes(ApiService service, string pathPrefix = "")
{
    private readonly List<ApiOperation> _operations = [];
    private readonly List<ApiRoutes> _groups = [];

    public IEnumerable<ApiOperation> Operations => _operations.Concat(_groups.SelectMany(group => group.Operations));

    /// <summary>Routes below a common path.</summary>
    public ApiRoutes Group(string path)
    {
        var group = new ApiRoutes(service, pathPrefix + path);
        _groups.Add(group);
        return group;
    }

    public ApiOperation Get(string path, ApiHandler handler) => Add("GET", path, null, handler);
    public ApiOperation Head(string path, ApiHandler handler) => Add("HEAD", path, null, handler);
    public ApiOperation Post(string path, ApiHandler handler) => Add("POST", path, null, handler);
    public ApiOperation Put(string path, ApiHandler handler) => Add("PUT", path, null, handler);
    public ApiOperation Patch(string path, ApiHandler handler) => Add("PATCH", path, null, handler);
    public ApiOperation Delete(string path, ApiHandler handler) => Add("DELETE", path, null, handler);

    /// <summary>One of the operations that share <c>POST {path}</c> and are told apart by the body's single member.</summary>
    public ApiOperation Action(string path, string action, ApiHandler handler) => Add("POST", path, action, handler);

    private ApiOperation Add(string method, string path, string? action, ApiHandler handler)
    {
        var operation = new ApiOperation(service, method, service.Prefix + pathPrefix + path, action, handler);
        _operations.Add(operation);
        return operation;
    }
}
