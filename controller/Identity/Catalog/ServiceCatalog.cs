using System.Collections.Concurrent;
using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Federation.ServiceProviders;

namespace Appliance.Controller.Identity.Catalog;

/// <param name="Url">With <c>$(name)s</c> or <c>%(name)s</c> where a value belongs.</param>
internal sealed record CatalogEndpoint(string Id, string Interface, string? RegionId, string Url);

internal sealed record CatalogService(string Id, string Type, string Name, IReadOnlyList<CatalogEndpoint> Endpoints);

/// <summary>The enabled services with their enabled endpoints, and their JSON for the projects that asked last.</summary>
/// <param name="given">Endpoints of the projects that see those only; a project that is not in it sees all.</param>
internal sealed class ServiceCatalog(IReadOnlyList<CatalogService> services, IReadOnlyDictionary<string, HashSet<string>> given,
    IReadOnlyList<FederationServiceProvider> serviceProviders)
{
    /// <summary>The enabled clouds that take our word on users, which tokens name too.</summary>
    public IReadOnlyList<FederationServiceProvider> ServiceProviders => serviceProviders;

    // Some kilobytes each; the key holds the Host header, which a client chooses.
    private const int MaxRendered = 128;

    private readonly ConcurrentDictionary<(string BaseUrl, string? ProjectId, string? UserId), byte[]> _rendered = new();
    private readonly bool _namesUsers = services.Any(static service => service.Endpoints.Any(static endpoint => endpoint.Url.Contains("(user_id)", StringComparison.Ordinal)));

    /// <param name="projectId">Null: endpoints whose URL names a project are left out.</param>
    public void Write(Utf8JsonWriter writer, string baseUrl, string? projectId, string userId)
    {
        var key = (baseUrl, projectId, _namesUsers ? userId : null);
        if (!_rendered.TryGetValue(key, out var json))
        {
            json = Render(baseUrl, projectId, userId);
            if (_rendered.Count >= MaxRendered)
                _rendered.Clear();
            _rendered[key] = json;
        }

        writer.WriteRawValue(json, skipInputValidation: true);
    }

    private byte[] Render(string baseUrl, string? projectId, string userId)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer, JsonBody.Options);
        var only = projectId is null ? null : given.GetValueOrDefault(projectId);
        writer.WriteStartArray();
        foreach (var service in services)
        {
            var endpoints = service.Endpoints.Where(endpoint => only is null || only.Contains(endpoint.Id)).ToArray();
            if (only is not null && endpoints.Length == 0)
                continue;
            writer.WriteStartObject();
            writer.WriteStartArray("endpoints");
            foreach (var endpoint in endpoints)
                WriteEndpoint(writer, endpoint, EndpointUrl.Resolve(endpoint.Url, baseUrl, projectId, userId));
            writer.WriteEndArray();
            writer.WriteString("id", service.Id);
            writer.WriteString("type", service.Type);
            writer.WriteString("name", service.Name);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteEndpoint(Utf8JsonWriter writer, CatalogEndpoint endpoint, string? url)
    {
        if (url is null)
            return;
        writer.WriteStartObject();
        writer.WriteString("id", endpoint.Id);
        writer.WriteString("interface", endpoint.Interface);
        writer.WriteString("region_id", endpoint.RegionId);
        writer.WriteString("url", url);
        writer.WriteString("region", endpoint.RegionId);
        writer.WriteEndObject();
    }
}
