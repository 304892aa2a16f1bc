using System.Net;
using System.Security.Cryptography.X509Certificates;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Link;
using Appliance.Controller.Work;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Appliance.Controller;

/// <summary>A running controller: database, services, workers and listeners, started and stopped together.</summary>
internal sealed class ControllerHost : IAsyncDisposable
{
    /// <summary>For requests under way when the controller stops; what was acknowledged needs none.</summary>
    private static readonly TimeSpan ShutdownGrace = TimeSpan.FromSeconds(5);

    private readonly Platform _platform;
    private readonly ControllerServices _services;
    private readonly WebApplication _web;

    private ControllerHost(Platform platform, ControllerServices services, WebApplication web, SiteCertificates certificates)
    {
        _platform = platform;
        _services = services;
        _web = web;
        Certificates = certificates;
    }

    public SiteCertificates Certificates { get; }
    public Platform Platform => _platform;
    public ControllerServices Services => _services;

    /// <summary>Base addresses actually bound, such as <c>https://127.0.0.1:8443</c>.</summary>
    public IReadOnlyCollection<string> Addresses => [.. _web.Urls];

    /// <summary>Everything the web server answers, in no order: operations of the table, refusals, and what is no API.</summary>
    public IEnumerable<Endpoint> Endpoints => ((IEndpointRouteBuilder)_web).DataSources.SelectMany(static source => source.Endpoints);

    public static async Task<ControllerHost> StartAsync(ControllerOptions options, TimeProvider clock, CancellationToken ct)
    {
        Directory.CreateDirectory(options.DataFolder);
        var web = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "appliance-controller" });
        ConfigureLogging(web, options);
        var certificates = SiteCertificates.LoadOrCreate(options.DataFolder, CertificateNames(options), clock);
        web.Services.AddRoutingCore();
        web.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration()
            .ConfigureKestrel(kestrel => Listeners.Configure(kestrel, options, certificates));

        var app = web.Build();
        var platform = new Platform(options, clock, app.Services.GetRequiredService<ILoggerFactory>());
        var services = new ControllerServices(platform, certificates);
        var host = new ControllerHost(platform, services, app, certificates);
        await host.StartAsync(ct);
        return host;
    }

    /// <summary>Completes when the process is asked to stop (SIGTERM, SIGINT). Stops nothing itself: links to nodes must end first.</summary>
    public async Task WaitForShutdownAsync(CancellationToken ct)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_web.Lifetime.ApplicationStopping, ct);
        await Task.Delay(Timeout.Infinite, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        _services.Link.Close();
        using (var grace = new CancellationTokenSource(ShutdownGrace))
            await _web.StopAsync(grace.Token);
        await _web.DisposeAsync();
        await _platform.Authentications.DisposeAsync();
        foreach (var service in _services.All.Reverse())
            await service.StopAsync();
        await _services.Link.DisposeAsync();
        await _platform.Workflows.DisposeAsync();
        await _platform.Database.DisposeAsync();
        Certificates.Dispose();
    }

    private async Task StartAsync(CancellationToken ct)
    {
        await _platform.Database.OpenAsync(
            [ChangeLog.Schema, Workflows.Schema, .. LinkService.Schemas, .. _services.All.SelectMany(static service => service.Schemas)], ct);
        _platform.Authentications.Start();
        foreach (var service in _services.All)
            await service.StartAsync(ct);
        await _services.Link.StartAsync(ct);
        await _platform.Workflows.ResumeAsync(ct);

        _platform.Policy.Load();
        var operations = ApiEndpoints.Collect(_services.All);
        ApiEndpoints.CheckPolicies(operations, _platform.Policy);
        var gate = new ApiGate(_services.Tokens, _platform.Policy, _platform.Logs.CreateLogger<ApiGate>());
        _web.UseRouting();
        ApiEndpoints.Map(_web, operations, _services.All, gate);
        _services.MapOthers(_web);
        _web.UseEndpoints(static _ => { });
        _web.Run(ApiEndpoints.Otherwise(_services.All, gate));
        await _web.StartAsync(ct);
    }

    private static void ConfigureLogging(WebApplicationBuilder web, ControllerOptions options)
    {
        web.Logging.SetMinimumLevel(options.LogLevel);
        web.Logging.AddFilter("Microsoft", LogLevel.Warning);
        web.Logging.AddSimpleConsole(static console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
        });
    }

    private static List<string> CertificateNames(ControllerOptions options)
    {
        var names = new List<string> { "localhost", "127.0.0.1", "::1", Protocol.Link.LinkEndpoint.ServerName };
        if (options.HttpsListen is { } listen && IPEndPoint.TryParse(listen, out var address) && !address.Address.Equals(IPAddress.Any))
            names.Add(address.Address.ToString());
        names.AddRange(options.ServerNames);
        return [.. names.Distinct()];
    }
}

/// <summary>The ports the controller listens on.</summary>
internal static class Listeners
{
    // Images and objects stream through; JSON bodies have their own, much lower limit (ApiService.MaxBodyBytes).
    private const long NoLimit = long.MaxValue;

    public static void Configure(KestrelServerOptions kestrel, ControllerOptions options, SiteCertificates certificates)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = NoLimit;
        kestrel.Limits.MinRequestBodyDataRate = null;
        var clientAuthorities = options.ClientAuthoritiesFile is { } file ? ReadAuthorities(file) : null;
        if (options.HttpsListen is { } https)
            kestrel.Listen(Parse(https), listen => listen.UseHttps(LinkTls.Configure(certificates, clientAuthorities)));
        if (options.HttpListen is { } http)
            kestrel.Listen(Parse(http));
    }

    private static X509Certificate2Collection ReadAuthorities(string path)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(path);
        return authorities.Count > 0 ? authorities : throw new FormatException($"{path}: no certificate in PEM form");
    }

    private static IPEndPoint Parse(string listen) => IPEndPoint.TryParse(listen, out var address)
        ? address
        : throw new FormatException($"'{listen}' is not ADDRESS:PORT, such as 127.0.0.1:8443");
}
