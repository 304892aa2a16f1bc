using Appliance.Controller.Audit.Files;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Work;

namespace Appliance.Controller.Audit;

/// <summary>
/// The audit trail, at <c>/appliance/v1/audit</c> and in a file: every change and authentication of the change log as a CADF event. OpenStack
/// has no API for these that is still maintained, so this one is the product's own. Form of events: DMTF DSP0262, as pycadf writes it.
/// </summary>
internal sealed class AuditApi : ApiService
{
    /// <summary>Whoever may read it learns about everybody, so an administrator of one domain may not.</summary>
    private const string Policies = """
        "audit:get_events": "rule:admin_required"
        """;

    private const string Scopes = "audit:get_events\tsystem,project\n";

    // Besides wake-ups by changes.
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private readonly AuditStore _store;
    private readonly Reconciler _keeping;

    public AuditApi(Platform platform)
    {
        platform.Policy.AddDefaults(Name, new StringReader(Policies));
        platform.Policy.AddScopes(Name, new StringReader(Scopes));
        var options = platform.Options.Audit;
        _store = new AuditStore(platform.Database);
        var export = options.FilePath is { } path
            ? new AuditExport(_store, new RotatingFile(path, options.MaxFileBytes, options.KeptFiles))
            : null;
        var keeping = new AuditUpkeep(_store, export, options.KeptAuthentications);
        _keeping = platform.CreateReconciler("audit", Period, keeping.PassAsync);
        platform.Changes.OnChange(_keeping.Wake);
    }

    public override string Name => "appliance";
    public override string Prefix => "/appliance";
    public override IReadOnlyList<ComponentSchema> Schemas { get; } = [AuditStore.Tables];

    public override void Map(ApiRoutes routes) => new AuditRoutes(_store).Map(routes.Group("/v1/audit"));

    public override Task WriteFaultAsync(HttpContext http, Fault fault, CancellationToken ct) => AuditFaults.WriteAsync(http, fault, ct);

    public override async Task StartAsync(CancellationToken ct)
    {
        await _store.LoadAsync(ct);
        _keeping.Start();
    }

    public override async Task StopAsync() => await _keeping.DisposeAsync();
}
