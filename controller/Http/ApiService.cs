using Appliance.Controller.Data;

namespace Appliance.Controller.Http;

/// <summary>
/// One OpenStack service of the controller: its place on the port, its routes, its error envelope, its tables, its workers. The controller
/// composes these and knows nothing else about them.
/// </summary>
internal abstract class ApiService
{
    /// <summary>Upstream project name: <c>nova</c>. Also the <c>service</c> of its policy rules.</summary>
    public abstract string Name { get; }

    /// <summary>First path segment, with slash: <c>/compute</c>.</summary>
    public abstract string Prefix { get; }

    /// <summary>Null: the service has no microversions.</summary>
    public virtual MicroversionRange? Microversions => null;

    /// <summary>Largest JSON body accepted, in bytes; oslo.middleware's default (112 KiB) unless a service says otherwise.</summary>
    public virtual long MaxBodyBytes => 114_688;

    public virtual IReadOnlyList<ComponentSchema> Schemas => [];

    /// <summary>What the service catalog says of this service; written as rows once, at the first start that has them.</summary>
    public virtual IReadOnlyList<CatalogEntry> Catalog => [];

    public abstract void Map(ApiRoutes routes);

    /// <summary>Writes status, headers and body of an error as the real service does.</summary>
    public abstract Task WriteFaultAsync(HttpContext http, Fault fault, CancellationToken ct);

    /// <summary>After the database is open and before requests are served: seeds rows, loads caches, starts workers.</summary>
    public virtual Task StartAsync(CancellationToken ct) => Task.CompletedTask;

    /// <summary>Stops workers; the process may also be killed instead.</summary>
    public virtual Task StopAsync() => Task.CompletedTask;
}

/// <summary>A service as clients find it in the catalog.</summary>
/// <param name="Type">Service type, such as <c>compute</c>.</param>
/// <param name="Name">Upstream project name, such as <c>nova</c>.</param>
/// <param name="Path">Path of the API root on this controller; may hold <c>$(project_id)s</c>: <c>/orchestration/v1/$(project_id)s</c>.</param>
internal sealed record CatalogEntry(string Type, string Name, string Path);
