using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Access;
using Appliance.Controller.Identity.ApplicationCredentials;
using Appliance.Controller.Identity.Assignments;
using Appliance.Controller.Identity.Auth;
using Appliance.Controller.Identity.Auth.Methods;
using Appliance.Controller.Identity.Auth.OAuth2;
using Appliance.Controller.Identity.Auth.Receipts;
using Appliance.Controller.Identity.Catalog;
using Appliance.Controller.Identity.Catalog.Endpoints;
using Appliance.Controller.Identity.Catalog.Filters;
using Appliance.Controller.Identity.Catalog.Regions;
using Appliance.Controller.Identity.Catalog.Services;
using Appliance.Controller.Identity.Credentials;
using Appliance.Controller.Identity.Credentials.Signatures;
using Appliance.Controller.Identity.Directories;
using Appliance.Controller.Identity.Discovery;
using Appliance.Controller.Identity.Domains;
using Appliance.Controller.Identity.Domains.Configs;
using Appliance.Controller.Identity.Federation.Assertions;
using Appliance.Controller.Identity.Federation.IdentityProviders;
using Appliance.Controller.Identity.Federation.Logins;
using Appliance.Controller.Identity.Federation.Mappings;
using Appliance.Controller.Identity.Federation.Protocols;
using Appliance.Controller.Identity.Federation.ServiceProviders;
using Appliance.Controller.Identity.Federation.Tokens;
using Appliance.Controller.Identity.Federation.WebLogins;
using Appliance.Controller.Identity.Grants;
using Appliance.Controller.Identity.Groups;
using Appliance.Controller.Identity.Limits;
using Appliance.Controller.Identity.OAuth1;
using Appliance.Controller.Identity.Passwords;
using Appliance.Controller.Identity.PolicyBlobs;
using Appliance.Controller.Identity.Projects;
using Appliance.Controller.Identity.Roles;
using Appliance.Controller.Identity.Tokens;
using Appliance.Controller.Identity.Trusts;
using Appliance.Controller.Identity.Users;
using Appliance.Controller.Work;

namespace Appliance.Controller.Identity;

/// <summary>Identity: the Keystone v3 API at <c>/identity</c>, and the token validator of every other service.</summary>
internal sealed class IdentityApi : ApiService
{
    // Upkeep looks whether a key must change or a revocation has become moot; both have hours of slack.
    private static readonly TimeSpan UpkeepPeriod = TimeSpan.FromMinutes(10);

    private readonly TokenKeyRing _keys;
    private readonly CredentialStore _credentials;
    private readonly DomainConfigStore _domainConfigs;
    private readonly DomainDrivers _drivers;
    private readonly OAuthStore _oauth;
    private readonly SignedAccess _signed;
    private readonly FederatedLoginRoutes _federated;
    private readonly WebLoginRoutes _webLogins;
    private readonly AssertionRoutes _assertions;
    private readonly LoginReader _logins;
    private readonly Authenticator _authenticator;
    private readonly LoginGuard _guard;
    private readonly Revocations _revocations;
    private readonly LoginAudit _audit;
    private readonly CertificateLogin _certificates;
    private readonly Bootstrap _bootstrap;
    private readonly IdentityContext _context;
    private readonly AuthRoutes _auth;
    private readonly ServiceCatalogReader _catalogs;
    private readonly UserPasswords _passwords;
    private readonly Func<IEnumerable<ApiService>> _services;
    private readonly Reconciler _upkeep;

    /// <param name="services">All services of the controller, asked at start: their catalog entries become rows.</param>
    public IdentityApi(Platform platform, Func<IEnumerable<ApiService>> services)
    {
        var (options, clock) = (platform.Options, platform.Clock);
        using (var policies = new StreamReader(typeof(IdentityApi).Assembly.GetManifestResourceStream("keystone-policies.yaml")!))
            platform.Policy.AddDefaults(Name, policies);
        using (var scopes = new StreamReader(typeof(IdentityApi).Assembly.GetManifestResourceStream("keystone-scopes.tsv")!))
            platform.Policy.AddScopes(Name, scopes);
        var database = new IdentityDatabase(platform.Database, platform.Changes);
        _services = services;
        _audit = new LoginAudit(platform.Authentications);
        var secret = new Lazy<SiteSecret>(() => SiteSecret.LoadOrCreate(options.DataFolder));
        _keys = new TokenKeyRing(database, secret, clock);
        _credentials = new CredentialStore(secret);
        _domainConfigs = new DomainConfigStore(secret);
        _drivers = new DomainDrivers(database, _domainConfigs, options.Identity.Drivers, clock, platform.Logs.CreateLogger<DomainDrivers>());
        var directories = new DomainDirectories(database, _drivers, options.Identity.Drivers, clock);
        _context = new IdentityContext(database, directories, platform.Policy, clock, options);
        _oauth = new OAuthStore(secret);
        _revocations = new Revocations(database, clock);
        _bootstrap = new Bootstrap(database, options, clock);
        _upkeep = platform.CreateReconciler("identity-upkeep", UpkeepPeriod, KeepUpAsync);

        var seal = new TokenSeal(_keys);
        var access = new AccessReader(database, directories);
        var delegated = new DelegatedReader(database, directories, _oauth);
        var tokens = new TokenValidator(database, directories, seal, _revocations, access, delegated, clock);
        _logins = new LoginReader(database, directories);
        var hashes = new PasswordVerifier();
        _passwords = new UserPasswords(hashes, _logins, directories);
        _guard = new LoginGuard(database, options.Identity.SecurityCompliance, clock);
        IAuthMethod[] methods =
        [
            new PasswordMethod(_logins, _passwords, _guard, clock), new TokenMethod(tokens), new ApplicationCredentialMethod(_logins, hashes, clock),
            new OAuthMethod(_context, _oauth), new TotpMethod(_logins, _guard, database, _credentials, clock),
        ];
        var issuer = new TokenIssuer(seal, clock);
        _signed = new SignedAccess(_context, _credentials, access, delegated, issuer);
        var granter = new ScopeGranter(database, _logins, access, delegated, clock);
        _authenticator = new Authenticator(methods, _logins, granter, issuer, new Receipts(seal, issuer, access, clock), access);
        _certificates = new CertificateLogin(_context, granter, issuer);
        _catalogs = new ServiceCatalogReader(database);
        var (providers, federated) = (new ProviderKeys(clock), new FederatedLogin(_context, _logins, _guard, _audit, granter, issuer));
        _federated = new FederatedLoginRoutes(
            _context, federated, new BearerAssertion(providers, options.Identity.Federation.BearerAudiences, clock), _catalogs);
        _webLogins = new WebLoginRoutes(_context, federated, new OpenIdClient(providers, clock), secret);
        _assertions = new AssertionRoutes(_context, tokens, new SamlSigners(_context, secret));
        _auth = new AuthRoutes(_authenticator, _audit, tokens, _revocations, _catalogs, platform.Policy, options);
        Tokens = tokens;
    }

    public override string Name => "keystone";
    public override string Prefix => "/identity";
    public override IReadOnlyList<CatalogEntry> Catalog { get; } = [new("identity", "keystone", "/identity/v3")];
    public override IReadOnlyList<ComponentSchema> Schemas => [IdentitySchema.Tables];

    public ITokenValidator Tokens { get; }

    public override void Map(ApiRoutes routes)
    {
        new VersionRoutes(_context).Map(routes);
        var v3 = routes.Group("/v3");
        _auth.Map(v3);
        new OAuth2Routes(_authenticator, _certificates, _audit, _context.Options.Identity.OAuth2, _context.Clock).Map(v3);
        new RevocationRoutes(_context).Map(v3);
        new ScopeRoutes(_context, _catalogs).Map(v3);
        MapProjects(v3);
        new UserRoutes(_context, new UserChanges(_context, _passwords, _logins, _guard), _audit).Map(v3);
        new ApplicationCredentialRoutes(_context, new ApplicationCredentialChanges(_context)).Map(v3);
        new CredentialRoutes(_context, _credentials).Map(v3);
        new Ec2CredentialRoutes(_context, _credentials).Map(v3);
        new SignedTokenRoutes(_context, _signed, _audit, _catalogs).Map(v3);
        new ConsumerRoutes(_context, _oauth).Map(v3);
        new OAuthRoutes(_context, _oauth, _audit).Map(v3);
        new AccessTokenRoutes(_context, _oauth).Map(v3);
        new GroupRoutes(_context, new GroupChanges(_context)).Map(v3);
        MapRoles(v3);
        new RegionRoutes(_context).Map(v3);
        new ServiceRoutes(_context).Map(v3);
        MapEndpoints(v3);
        MapFederation(v3);
        new TrustRoutes(_context, new TrustChanges(_context)).Map(v3);
        new RegisteredLimitRoutes(_context).Map(v3);
        new LimitRoutes(_context).Map(v3);
    }

    private void MapProjects(ApiRoutes v3)
    {
        var changes = new ProjectChanges(_context);
        var projects = new ProjectRoutes(_context, changes);
        projects.Map(v3);
        new ProjectTagRoutes(_context, changes, projects.FindTargetAsync).Map(v3);
        new DomainRoutes(_context, changes).Map(v3);
        new DomainConfigRoutes(_context, _domainConfigs).Map(v3);
    }

    private void MapEndpoints(ApiRoutes v3)
    {
        var endpoints = new EndpointRoutes(_context);
        endpoints.Map(v3);
        new EndpointGroupRoutes(_context).Map(v3);
        new ProjectEndpointRoutes(_context, endpoints).Map(v3);
        new ProjectEndpointGroupRoutes(_context, endpoints).Map(v3);
        new PolicyBlobRoutes(_context).Map(v3);
        new EndpointPolicyRoutes(_context, endpoints).Map(v3);
    }

    private void MapFederation(ApiRoutes v3)
    {
        new IdentityProviderRoutes(_context).Map(v3);
        new ProtocolRoutes(_context).Map(v3);
        new MappingRoutes(_context).Map(v3);
        new ServiceProviderRoutes(_context).Map(v3);
        _federated.Map(v3);
        _webLogins.Map(v3);
        _assertions.Map(v3);
    }

    private void MapRoles(ApiRoutes v3)
    {
        var changes = new RoleChanges(_context);
        new RoleRoutes(_context, changes).Map(v3);
        new ImpliedRoleRoutes(_context, changes).Map(v3);
        new GrantRoutes(_context).Map(v3);
        new AssignmentRoutes(_context).Map(v3);
    }

    public override Task WriteFaultAsync(HttpContext http, Fault fault, CancellationToken ct) => IdentityFaults.WriteAsync(http, fault, ct);

    public override async Task StartAsync(CancellationToken ct)
    {
        _drivers.LoadFiles();
        if (!_context.Directories.IsOn)
            await _context.Database.WriteAsync(DirectoryMirror.RemoveAllAsync, ct);
        await KeepUpAsync(ct);
        await _bootstrap.RunAsync(_services().SelectMany(static service => service.Catalog), ct);
        _upkeep.Start();
    }

    public override async Task StopAsync()
    {
        await _upkeep.DisposeAsync();
        _drivers.Close();
    }

    private async Task KeepUpAsync(CancellationToken ct)
    {
        await _keys.RotateAsync(ct);
        await _revocations.LoadAsync(ct);
        await _guard.DisableInactiveAsync(ct);
        _drivers.CloseOld();
        await _context.Database.WriteAsync((tx, token) => FederatedUserStore.DeleteExpiredGroupsAsync(tx, _context.Clock.GetUtcNow(), token), ct);
    }
}
