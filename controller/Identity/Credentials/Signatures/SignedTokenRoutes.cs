using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Auth;
using Appliance.Controller.Identity.Catalog;
using Appliance.Controller.Identity.Tokens;

namespace Appliance.Controller.Identity.Credentials.Signatures;

/// <summary>
/// <c>POST /v3/ec2tokens</c> and <c>/v3/s3tokens</c>: a service that was sent a signed request asks whose it is, and gets a token of theirs.
/// Source: keystone/api/_shared/EC2_S3_Resource.py, ec2tokens.py, s3tokens.py.
/// </summary>
internal sealed class SignedTokenRoutes(IdentityContext context, SignedAccess access, LoginAudit audit, ServiceCatalogReader catalogs)
{
    // Keystone's default for [credential] auth_ttl.
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    private const string Method = "ec2credential";

    private static readonly string[] TimeFormats = ["yyyyMMdd'T'HHmmss'Z'", "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'"];

    public void Map(ApiRoutes v3)
    {
        v3.Post("/ec2tokens", AnswerEc2Async).Allow("identity:ec2tokens_validate");
        v3.Post("/s3tokens", AnswerS3Async).Allow("identity:s3tokens_validate");
    }

    private Task<ApiResult> AnswerEc2Async(ApiRequest request, CancellationToken ct) => AnswerAsync(request, IsEc2Signed, showsToken: true, ct);

    private Task<ApiResult> AnswerS3Async(ApiRequest request, CancellationToken ct) => AnswerAsync(request, IsS3Signed, showsToken: false, ct);

    private async Task<ApiResult> AnswerAsync(ApiRequest request, Func<JsonElement, string, bool> isSigned, bool showsToken, CancellationToken ct)
    {
        if ((await IdentityBody.ReadAsync(request, ct)).Failed(out var unreadable, out var body))
            return unreadable;
        if (!body.EnumerateObject().Any())
            return IdentityFaults.Invalid("request must include a request body");
        var signed = body.Member("credentials") ?? body.Member("credential") ?? body.Member("ec2Credentials");
        if (signed?.StringOrNull("access") is not { } accessKey)
            return IdentityFaults.Unauthorized("no signature");
        if ((await ProveAsync(request, signed.Value, accessKey, isSigned, ct)).Failed(out var refused, out var valid))
            return refused;

        var catalog = await catalogs.ReadAsync(ct);
        var baseUrl = context.BaseUrl(request);
        if (showsToken)
            request.Http.Response.Headers[AuthRoutes.SubjectToken] = valid.Text;
        return ApiResult.Ok(writer => TokenDocument.Write(writer, valid, catalog, baseUrl));
    }

    private async Task<Outcome<ValidToken>> ProveAsync(
        ApiRequest request, JsonElement signed, string accessKey, Func<JsonElement, string, bool> isSigned, CancellationToken ct)
    {
        var key = await access.FindKeyAsync(accessKey, ct);
        var outcome = key is null
            ? new Fault(FaultKind.NotFound, "EC2 access key not found.", "no such access key")
            : key.Blob.StringOrNull("secret") is not { } secret || !isSigned(signed, secret) || !IsRecent(signed)
                ? IdentityFaults.Unauthorized("wrong signature, or too old")
                : await access.IssueAsync(key, ct);
        if (outcome.Failed(out var refused, out var valid))
            await audit.FailedAsync(request, key?.Credential.UserId, [Method], refused, ct);
        else
            audit.Succeeded(request, valid);
        return outcome;
    }

    // Some clients sign the host without its port.
    private static bool IsEc2Signed(JsonElement request, string secret)
    {
        if (request.StringOrNull("signature") is not { } signature)
            return false;
        var host = request.StringOrNull("host") ?? "";
        return Equal(signature, Ec2Signature.Compute(request, secret, host))
            || (host.Contains(':', StringComparison.Ordinal) && Equal(signature, Ec2Signature.Compute(request, secret, host[..host.LastIndexOf(':')])));
    }

    private static bool IsS3Signed(JsonElement request, string secret)
    {
        var text = request.StringOrNull("token")?.TrimEnd('=').Replace('+', '-').Replace('/', '_') ?? "";
        return request.StringOrNull("signature") is { } signature
            && Base64Url.IsValid(text)
            && Equal(signature, S3Signature.Compute(Base64Url.DecodeFromChars(text), secret));
    }

    // The time that was signed, and no other. Who leaves it out signs for ever, as the old versions allow; the object store checks its own.
    private bool IsRecent(JsonElement request)
    {
        var time = Ec2Signature.SignedTime(request);
        if (string.IsNullOrEmpty(time))
            return true;
        return DateTimeOffset.TryParseExact(
            time, TimeFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at)
            && (context.Clock.GetUtcNow() - at).Duration() <= Lifetime;
    }

    private static bool Equal(string given, string? expected) => expected is not null
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(expected));
}
