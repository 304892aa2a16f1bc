using System.Text.Json;
using Appliance.Controller.Data;

namespace Appliance.Controller.Http;

/// <summary>One authenticated (or public) request on its way to a handler. A value, so that hot operations allocate none.</summary>
internal readonly struct ApiRequest(HttpContext http, ApiService service, Caller? caller, Microversion version, string requestId)
{
    public HttpContext Http => http;
    public ApiService Service => service;
    public Microversion Version => version;
    public string RequestId => requestId;

    /// <exception cref="InvalidOperationException">The operation is public and nobody is known.</exception>
    public Caller Caller => caller ?? throw new InvalidOperationException("this operation is public: no caller is known");

    public Caller? OptionalCaller => caller;
    public Actor Actor => (caller?.ActorOf(requestId) ?? new Actor(requestId, null, null)) with { Origin = OriginOf(http) };

    /// <summary>The whole body of an action request, read before its policy was asked; undefined otherwise.</summary>
    public JsonElement ActionBody { get; init; }

    public IQueryCollection Query => http.Request.Query;

    /// <summary>A segment of the path, decoded.</summary>
    public string Path(string name) => http.Request.RouteValues[name] as string ?? "";

    /// <summary>First value of a query key; null when absent.</summary>
    public string? QueryValue(string name) => http.Request.Query.TryGetValue(name, out var values) ? values[0] : null;

    /// <summary>Scheme, host and the service's prefix as the client sees them: for links. No trailing slash.</summary>
    public string BaseUrl => $"{http.Request.Scheme}://{http.Request.Host}{service.Prefix}";

    private static Origin OriginOf(HttpContext http)
    {
        var address = http.Connection.RemoteIpAddress is { } ip ? (ip.IsIPv4MappedToIPv6 ? ip.MapToIPv4() : ip).ToString() : null;
        var agent = http.Request.Headers.UserAgent.ToString();
        return new Origin(address, agent.Length == 0 ? null : agent.Length <= Origin.MaxAgentLength ? agent : agent[..Origin.MaxAgentLength]);
    }

    /// <summary>Reads the body as JSON; content type, size, encoding and syntax are checked. The document lives as long as the request.</summary>
    public Task<Outcome<JsonElement>> ReadJsonAsync(CancellationToken ct) => Body.ReadAsync(http, service.MaxBodyBytes, ct);
}

/// <summary>An operation. Faults come back as <see cref="ApiResult"/> too; an exception is a bug and becomes a 500.</summary>
internal delegate Task<ApiResult> ApiHandler(ApiRequest request, CancellationToken ct);
