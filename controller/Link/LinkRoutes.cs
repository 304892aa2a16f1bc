using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Appliance.Controller.Http;
using Appliance.Protocol;
using Appliance.Protocol.Link;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Appliance.Controller.Link;

/// <summary>The endpoints of <see cref="LinkEndpoint"/>: no OpenStack API, and authenticated by certificate instead of token.</summary>
internal static class LinkRoutes
{
    private const int MaxBodyBytes = 64 * 1024;

    public static void Map(IEndpointRouteBuilder endpoints, LinkService link, SiteCertificates certificates)
    {
        endpoints.MapGet(LinkEndpoint.CaPath, (RequestDelegate)(http => SendCaAsync(http, certificates)));
        endpoints.MapPost(LinkEndpoint.EnrolPath, (RequestDelegate)(http => EnrolAsync(http, link)));
        endpoints.MapPost(LinkEndpoint.RenewPath, (RequestDelegate)(http => RenewAsync(http, link)));
        endpoints.MapGet(LinkEndpoint.Path, (RequestDelegate)(http => ConnectAsync(http, link)));
    }

    private static async Task SendCaAsync(HttpContext http, SiteCertificates certificates)
    {
        var pem = certificates.Authority.ExportCertificatePem() + "\n";
        http.Response.ContentType = "application/x-pem-file";
        http.Response.ContentLength = pem.Length;
        await http.Response.WriteAsync(pem, http.RequestAborted);
    }

    private static async Task EnrolAsync(HttpContext http, LinkService link)
    {
        if (await ReadAsync(http, ProtocolJson.Default.EnrolRequest) is not { Secret: not null, HostName: not null, SigningRequestPem: not null } request)
            await RefuseAsync(http, new Fault(FaultKind.Invalid, "The request is no enrolment; use an agent of the controller's version."));
        else if ((await link.Enrolment.EnrolAsync(request, http.RequestAborted)).Failed(out var fault, out var response))
            await RefuseAsync(http, fault);
        else
            await SendAsync(http, link, response);
    }

    private static async Task RenewAsync(HttpContext http, LinkService link)
    {
        if (Authenticate(http) is not var (nodeId, serial))
            await RefuseAsync(http, NoCertificate);
        else if (await ReadAsync(http, ProtocolJson.Default.RenewRequest) is not { SigningRequestPem: not null } request)
            await RefuseAsync(http, new Fault(FaultKind.Invalid, "The request is no renewal; use an agent of the controller's version."));
        else if ((await link.Enrolment.RenewAsync(nodeId, serial, request, http.RequestAborted)).Failed(out var fault, out var response))
            await RefuseAsync(http, fault);
        else
            await SendAsync(http, link, response);
    }

    private static async Task ConnectAsync(HttpContext http, LinkService link)
    {
        if (Authenticate(http) is not var (nodeId, serial))
        {
            await RefuseAsync(http, NoCertificate);
            return;
        }

        if (!await link.IsWelcomeAsync(nodeId, serial, http.RequestAborted))
        {
            await RefuseAsync(http, new Fault(FaultKind.Forbidden,
                "This node is unknown to the controller or was revoked; run 'appliance-agent destroy' and join with a new token."));
            return;
        }

        var upgrade = http.Features.Get<IHttpUpgradeFeature>();
        if (upgrade?.IsUpgradableRequest != true || http.Request.Headers.Upgrade != LinkEndpoint.UpgradeProtocol)
        {
            http.Response.Headers.Upgrade = LinkEndpoint.UpgradeProtocol;
            http.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            http.Response.ContentLength = 0;
            return;
        }

        http.Response.Headers.Upgrade = LinkEndpoint.UpgradeProtocol;
        await using var stream = await upgrade.UpgradeAsync();
        await link.RunAsync(nodeId, stream, http.RequestAborted);
    }

    private static readonly Fault NoCertificate =
        new(FaultKind.Unauthorized, "This endpoint needs the certificate of a node; join with a token first.");

    // The handshake has verified the chain and the purpose (LinkTls): against the site's CA only where the client came for the link's name.
    // Anywhere else it may be an API client's certificate, of an authority that says nothing of nodes.
    private static (string NodeId, string Serial)? Authenticate(HttpContext http) =>
        http.Features.Get<ITlsHandshakeFeature>()?.HostName == LinkEndpoint.ServerName
        && http.Features.Get<ITlsConnectionFeature>()?.ClientCertificate is { } certificate
            ? (certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false), certificate.SerialNumber)
            : null;

    private static async Task<T?> ReadAsync<T>(HttpContext http, JsonTypeInfo<T> type) where T : class
    {
        if (http.Request.ContentLength is null or > MaxBodyBytes)
            return null;

        try
        {
            return await JsonSerializer.DeserializeAsync(http.Request.Body, type, http.RequestAborted);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static async Task SendAsync(HttpContext http, LinkService link, EnrolResponse response)
    {
        await link.RefreshAsync(response.NodeId, http.RequestAborted);
        await WriteAsync(http, StatusCodes.Status200OK, JsonSerializer.SerializeToUtf8Bytes(response, ProtocolJson.Default.EnrolResponse));
    }

    private static Task RefuseAsync(HttpContext http, Fault fault) => WriteAsync(
        http,
        fault.Kind switch
        {
            FaultKind.Invalid => StatusCodes.Status400BadRequest,
            FaultKind.Unauthorized => StatusCodes.Status401Unauthorized,
            FaultKind.Forbidden => StatusCodes.Status403Forbidden,
            FaultKind.Conflict => StatusCodes.Status409Conflict,
            _ => StatusCodes.Status500InternalServerError,
        },
        JsonSerializer.SerializeToUtf8Bytes(new EnrolRefusal(fault.Public), ProtocolJson.Default.EnrolRefusal));

    private static async Task WriteAsync(HttpContext http, int status, byte[] json)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = json.Length;
        await http.Response.Body.WriteAsync(json, http.RequestAborted);
    }
}
