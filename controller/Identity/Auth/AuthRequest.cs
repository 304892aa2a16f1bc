using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Identity.Auth;

/// <summary>Something named by id, or by name within a domain.</summary>
internal sealed record NameInDomain(string? Id, string? Name, string? DomainId, string? DomainName);

internal enum AskedScopeKind
{
    /// <summary>Nothing said: the user's default project, if that works.</summary>
    Default,
    Unscoped,
    Project,
    Domain,
    System,
    Trust,
}

/// <param name="Target">The project, domain or trust; null for the other kinds.</param>
internal sealed record AskedScope(AskedScopeKind Kind, NameInDomain? Target = null);

/// <summary>A request for a token, taken from its checked body.</summary>
/// <param name="Request">What carried it: some methods prove themselves by its headers.</param>
internal sealed record AuthRequest(IReadOnlyList<string> Methods, JsonElement Identity, AskedScope Scope, ApiRequest Request)
{
    /// <summary>Who the request says it comes from, once a method has found that user; for the audit trail.</summary>
    public string? ClaimedUserId { get; set; }

    private static readonly string[] ScopeKinds = ["project", "domain", "unscoped", "system", "OS-TRUST:trust"];

    /// <summary>Faults are 400s with Keystone's texts. Source: keystone/auth/core.py, AuthInfo.</summary>
    public static Outcome<AuthRequest> Read(ApiRequest request, JsonElement body)
    {
        if (body.Member("auth") is not { } auth || auth.ValueKind is JsonValueKind.Null || auth is { ValueKind: JsonValueKind.Object } && !auth.EnumerateObject().Any())
            return IdentityFaults.Expecting("auth", "request body");
        if (AuthSchema.Check(auth) is { } invalid)
            return invalid;

        var identity = auth.GetProperty("identity");
        var methods = identity.GetProperty("methods").EnumerateArray().Select(static method => method.GetString()!).Distinct().ToArray();
        foreach (var method in methods)
        {
            if (!identity.Has(method))
                return IdentityFaults.Expecting(method, "identity");
        }

        if (ReadScope(auth).Failed(out var badScope, out var scope))
            return badScope;
        return new AuthRequest(methods, identity, scope, request);
    }

    /// <summary>Reads <c>{"id"}</c> or <c>{"name", "domain": {"id" | "name"}}</c>; a name wins, as in Keystone.</summary>
    public static Outcome<NameInDomain> ReadNamed(JsonElement value, string target)
    {
        var (id, name) = (value.StringOrNull("id"), value.StringOrNull("name"));
        if (string.IsNullOrEmpty(name))
            return string.IsNullOrEmpty(id) ? IdentityFaults.Expecting("id or name", target) : new NameInDomain(id, null, null, null);
        if (value.Member("domain") is not { } domain)
            return IdentityFaults.Expecting("domain", target);
        if (string.IsNullOrEmpty(domain.StringOrNull("id")) && string.IsNullOrEmpty(domain.StringOrNull("name")))
            return IdentityFaults.Expecting("id or name", "domain");
        return new NameInDomain(null, name, domain.StringOrNull("id"), domain.StringOrNull("name"));
    }

    private static Outcome<AskedScope> ReadScope(JsonElement auth)
    {
        if (auth.Member("scope") is not { } scope)
            return new AskedScope(AskedScopeKind.Default);
        if (scope.ValueKind == JsonValueKind.String)
            return scope.GetString() == "unscoped" ? new AskedScope(AskedScopeKind.Unscoped) : OneScope();
        if (ScopeKinds.Count(kind => scope.Has(kind)) != 1)
            return OneScope();
        if (scope.Has("system"))
            return new AskedScope(AskedScopeKind.System);
        if (scope.Has("unscoped"))
            return new AskedScope(AskedScopeKind.Unscoped);
        if (scope.Member("domain") is { } domain)
            return new AskedScope(AskedScopeKind.Domain, new NameInDomain(domain.StringOrNull("id"), domain.StringOrNull("name"), null, null));
        if (scope.Member("OS-TRUST:trust") is { } trust)
            return trust.StringOrNull("id") is { Length: > 0 } trustId
                ? new AskedScope(AskedScopeKind.Trust, new NameInDomain(trustId, null, null, null))
                : IdentityFaults.Expecting("trust_id", "trust");
        if (scope.Member("project") is not { } project)
            return OneScope();
        return ReadNamed(project, "project").Failed(out var bad, out var named) ? bad : new AskedScope(AskedScopeKind.Project, named);
    }

    private static Fault OneScope() => IdentityFaults.Expecting("system, project, domain, OS-TRUST:trust or unscoped", "scope");
}
