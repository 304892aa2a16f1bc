using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Access;
using Appliance.Controller.Identity.Auth;
using Appliance.Controller.Identity.Catalog;
using Appliance.Controller.Identity.Passwords;
using Appliance.Controller.Identity.Tokens;
using Appliance.Controller.Work;

namespace Appliance.Controller.Identity;

/// <summary>Identity: the Keystone v3 API at <c>/identity</c>, and the token validator of every other service.</summary>
internal sealed class IdentityApi : ApiService
{
    // Upkeep looks whether a key must change or a revocation has become moot; both have hours of slack.
    private static readonly TimeSpan UpkeepPeriod = TimeSpan.FromMinutes(10);

    private readonly TokenKeyRing _keys;
    private readonly Revocations _revocations;
    private readonly Bootstrap _bootstrap;
    private readonly AuthRoutes _auth;
    private readonly Func<IEnumerable<ApiService>> _services;
    private readonly Reconciler _upkeep;

    /// <param name="services">All services of the controller, asked at start: their catalog entries become rows.</param>
    public IdentityApi(Platform platform, Func<IEnumerable<ApiService>> services)
    {
        var (options, clock) = (platform.Options, platform.Clock);
        using (var policies = new StreamReader(typeof(IdentityApi).Assembly.GetManifestResourceStream("keystone-policies.yaml")!))
            platform.Policy.AddDefaults(Name, policies);
        var database = new IdentityDatabase(platform.Database, platform.Changes);
        _services = services;
        _keys = new TokenKeyRing(database, options.DataFolder, clock);
        _revocations = new Revocations(database, clock);
        _bootstrap = new Bootstrap(database, options, clock);
        _upkeep = platform.CreateReconciler("identity-upkeep", UpkeepPeriod, KeepUpAsync);

        var seal = new TokenSeal(_keys);
        var access = new AccessReader(database);
        var tokens = new TokenValidator(database, seal, _revocations, access, clock);
        var authenticator = new Authenticator(
            new LoginReader(database), new PasswordVerifier(), tokens, new TokenIssuer(seal, clock), access, clock);
        _auth = new AuthRoutes(authenticator, tokens, _revocations, new ServiceCatalogReader(database), platform.Policy, options);
        Tokens = tokens;
    }

    public override string Name => "keystone";
    public override string Prefix => "/identity";
    public override IReadOnlyList<CatalogEntry> Catalog { get; } = [new("identity", "keystone", "/identity/v3")];
    public override IReadOnlyList<ComponentSchema> Schemas => [IdentitySchema.Tables];

    public ITokenValidator Tokens { get; }

    public override void Map(ApiRoutes routes)
    {
        var v3 = routes.Group("/v3");
        _auth.Map(v3);
    }

    public override Task WriteFaultAsync(HttpContext http, Fault fault, CancellationToken ct) => IdentityFaults.WriteAsync(http, fault, ct);

    public override async Task StartAsync(CancellationToken ct)
    {
        await KeepUpAsync(ct);
        await _bootstrap.RunAsync(_services().SelectMany(static service => service.Catalog), ct);
        _upkeep.Start();
    }

    public override async Task StopAsync() => await _upkeep.DisposeAsync();

    private async Task KeepUpAsync(CancellationToken ct)
    {
        await _keys.RotateAsync(ct);
        await _revocations.LoadAsync(ct);
    }
}
