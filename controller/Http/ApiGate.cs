using System.Text.Json;
using Appliance.Controller.Http.Policies;

namespace Appliance.Controller.Http;

/// <summary>
/// The way of every API request: request id → authentication → microversion → policy → handler. One place, so that no operation can
/// leave a step out.
/// </summary>
internal sealed partial class ApiGate(ITokenValidator tokens, PolicyEngine policy, ILogger<ApiGate> log)
{
    public const string RequestIdHeader = "X-Openstack-Request-Id";

    /// <summary>Runs one of the operations of a path and method; more than one when they are told apart by the body.</summary>
    public async Task RunAsync(HttpContext http, ApiService service, IReadOnlyList<ApiOperation> operations)
    {
        var ct = http.RequestAborted;
        var requestId = StartRequest(http, service);
        var request = new ApiRequest(http, service, null, service.Microversions?.Min ?? Microversion.None, requestId);
        try
        {
            var result = await ExecuteAsync(request, operations, ct);
            await result.WriteAsync(request, ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The client hung up: nobody is left to answer.
        }
        catch (BadHttpRequestException bad)
        {
            await AnswerAsync(request, new Fault(
                bad.StatusCode == StatusCodes.Status413PayloadTooLarge ? FaultKind.TooLarge : FaultKind.Invalid, bad.Message));
        }
        catch (FaultException outside)
        {
            LogOutside(http.Request.Method, http.Request.Path, outside.Message, requestId);
            await AnswerAsync(request, outside.Fault);
        }
        catch (Exception e)
        {
            LogFailure(e, http.Request.Method, http.Request.Path, requestId);
            await AnswerAsync(request, new Fault(
                FaultKind.Internal, $"The server failed to handle this request. The failure is logged as {requestId}."));
        }
    }

    /// <summary>Answers a path or method that no operation has, in the service's own words; 401 comes first, as the real services' filters do.</summary>
    public async Task RefuseAsync(HttpContext http, ApiService service, Fault fault)
    {
        var requestId = StartRequest(http, service);
        var request = new ApiRequest(http, service, null, service.Microversions?.Min ?? Microversion.None, requestId);
        var caller = await FindCallerAsync(http);
        if (service.Microversions is { } range && !range.Select(http.Request.Headers).Failed(out _, out var version))
            WriteVersionHeaders(http, range, version);
        await AnswerAsync(request, caller is null ? Unauthenticated(http) : fault);
    }

    private static string StartRequest(HttpContext http, ApiService service)
    {
        var requestId = $"req-{Guid.NewGuid()}";
        http.Response.Headers[RequestIdHeader] = requestId;
        if (service.Name == "nova")
            http.Response.Headers["X-Compute-Request-Id"] = requestId;
        return requestId;
    }

    private async ValueTask<ApiResult> ExecuteAsync(ApiRequest request, IReadOnlyList<ApiOperation> operations, CancellationToken ct)
    {
        var (http, service) = (request.Http, request.Service);
        var first = operations[0];
        var caller = !first.IsPublic || first.AcceptsCaller ? await FindCallerAsync(http) : null;
        if (caller is null && !first.IsPublic)
            return Unauthenticated(http);
        if (caller?.Delegation is { } delegation && !delegation.Allows(service, http.Request.Method, http.Request.Path))
            return Unauthenticated(http);
        if (caller?.BarredFrom == service.Name)
            return new Fault(FaultKind.Forbidden, "EC2 credential tokens cannot be used for authorization.");

        var version = Microversion.None;
        if (service.Microversions is { } range)
        {
            if (range.Select(http.Request.Headers).Failed(out var badVersion, out version) && !first.IsPublic)
                return badVersion;
            if (badVersion is not null)
                version = range.Min;
            WriteVersionHeaders(http, range, version);
        }

        var known = new ApiRequest(http, service, caller, version, request.RequestId);
        var operation = first;
        if (first.Action is not null)
        {
            if ((await ApiActions.SelectAsync(known, operations, ct)).Failed(out var unknownAction, out var selected))
                return unknownAction;
            operation = selected.Operation;
            known = known with { ActionBody = selected.Body };
        }

        var asked = operation.Rule is { } rule && !operation.AsksInHandler ? await CheckAsync(known, operation, rule, ct) : null;
        return asked is { } refused ? refused : await operation.Handler(known, ct);
    }

    private async ValueTask<Fault?> CheckAsync(ApiRequest request, ApiOperation operation, string rule, CancellationToken ct)
    {
        var target = operation.FindTarget is { } find ? await find(request, ct) : PolicyTarget.Of(request.Caller);
        return target.Missing ?? policy.Check(request.Service.Name, rule, request.Caller, target);
    }

    private ValueTask<Caller?> FindCallerAsync(HttpContext http)
    {
        if (TokenOf(http.Request.Headers) is not { Length: > 0 } token)
            return default;
        var finding = tokens.FindCallerAsync(token, http.RequestAborted);
        return finding.IsCompletedSuccessfully ? new(IfBound(http, finding.Result)) : AwaitAsync(http, finding);
    }

    private static async ValueTask<Caller?> AwaitAsync(HttpContext http, ValueTask<Caller?> finding) => IfBound(http, await finding);

    // A token that is bound to a certificate is nobody's on another connection.
    private static Caller? IfBound(HttpContext http, Caller? caller) =>
        caller?.CertificateThumbprint is { } bound && !ClientCertificate.IsShown(http, bound) ? null : caller;

    // RFC 6750, 2.1: clients that got their token by OAuth 2.0 send it as bearers.
    private static string? TokenOf(IHeaderDictionary headers)
    {
        const string Bearer = "Bearer ";
        var header = headers["X-Auth-Token"];
        if (header.Count > 0)
            return header[0];
        if (headers["X-Storage-Token"] is [{ } storage, ..])
            return storage;
        return headers.Authorization is [{ } authorization, ..] && authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            ? authorization[Bearer.Length..].Trim()
            : null;
    }

    private static Fault Unauthenticated(HttpContext http)
    {
        http.Response.Headers.WWWAuthenticate = $"Keystone uri=\"{http.Request.Scheme}://{http.Request.Host}/identity\"";
        return new Fault(FaultKind.Unauthorized, "The request you have made requires authentication.");
    }

    private static void WriteVersionHeaders(HttpContext http, MicroversionRange range, Microversion version)
    {
        var headers = http.Response.Headers;
        headers[MicroversionRange.Header] = $"{range.ServiceType} {version}";
        headers.Vary = MicroversionRange.Header;
        if (range.LegacyHeader is { } legacy)
        {
            headers[legacy] = version.ToString();
            headers.Vary = $"{MicroversionRange.Header}, {legacy}";
        }
    }

    private static async Task AnswerAsync(ApiRequest request, Fault fault)
    {
        if (request.Http.Response.HasStarted)
        {
            request.Http.Abort();
            return;
        }

        await request.Service.WriteFaultAsync(request.Http, fault, CancellationToken.None);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Method} {Path} failed: {Reason} ({RequestId})")]
    private partial void LogOutside(string method, string path, string reason, string requestId);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed ({RequestId})")]
    private partial void LogFailure(Exception exception, string method, string path, string requestId);
}
