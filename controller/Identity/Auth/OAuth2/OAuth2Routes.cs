using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Settings;
using Appliance.Controller.Identity.Tokens;

namespace Appliance.Controller.Identity.Auth.OAuth2;

/// <summary>
/// <c>POST /v3/OS-OAUTH2/token</c>: the client credentials grant of OAuth 2.0, where the client is an application credential, or a user who
/// shows a certificate. Source: keystone/api/os_oauth2.py; RFC 6749, 4.4 and 5.2.
/// </summary>
internal sealed class OAuth2Routes(
    Authenticator authenticator, CertificateLogin certificates, LoginAudit audit, OAuth2Settings settings, TimeProvider clock)
{
    private const string Failed = "Client authentication failed.";

    public void Map(ApiRoutes v3) => v3.Post("/OS-OAUTH2/token", IssueAsync).Public();

    private async Task<ApiResult> IssueAsync(ApiRequest request, CancellationToken ct)
    {
        var form = await FormBody.ReadAsync(request.Http.Request, ct);
        if (form.GetValueOrDefault("grant_type") is not { Length: > 0 } grantType)
            return Refuse(StatusCodes.Status400BadRequest, "invalid_request", "The parameter grant_type is required.");
        if (grantType != "client_credentials")
            return Refuse(StatusCodes.Status400BadRequest, "unsupported_grant_type", $"The parameter grant_type {grantType} is not supported.");
        if (ClientCertificate.Of(request.Http) is { } certificate)
            return await IssueByCertificateAsync(request, form.GetValueOrDefault("client_id"), certificate, ct);
        var (id, secret) = ReadBasic(request.Http.Request) ?? (form.GetValueOrDefault("client_id"), form.GetValueOrDefault("client_secret"));
        if (string.IsNullOrEmpty(id) || string.IsNullOrEmpty(secret) || !settings.AuthenticationMethods.Contains(OAuth2Settings.BySecret))
            return Unauthenticated(request, Failed);
        return await IssueBySecretAsync(request, id, secret, ct);
    }

    private async Task<ApiResult> IssueByCertificateAsync(ApiRequest request, string? userId, X509Certificate2 certificate, CancellationToken ct)
    {
        if (string.IsNullOrEmpty(userId) || !settings.AuthenticationMethods.Contains(OAuth2Settings.ByCertificate))
            return Unauthenticated(request, Failed);
        if ((await certificates.ProveAsync(userId, certificate, ct)).Failed(out var refused, out var valid))
        {
            await audit.FailedAsync(request, null, ["oauth2_credential"], refused, ct);
            return Unauthenticated(request, Failed);
        }

        audit.Succeeded(request, valid);
        return Answer(valid);
    }

    private async Task<ApiResult> IssueBySecretAsync(ApiRequest request, string id, string secret, CancellationToken ct)
    {
        using var identity = Identity(id, secret);
        var asked = new AuthRequest(["application_credential"], identity.RootElement, new AskedScope(AskedScopeKind.Default), request);
        if ((await authenticator.AuthenticateAsync(asked, ct)).Failed(out var refused, out var login))
        {
            await audit.FailedAsync(request, asked.ClaimedUserId, asked.Methods, refused, ct);
            return Unauthenticated(request, refused.Public);
        }

        if (login.Token is not { } valid)
            return Unauthenticated(request, Failed);
        audit.Succeeded(request, valid);
        return Answer(valid);
    }

    private ApiResult Answer(ValidToken valid) => ApiResult.Ok(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("access_token", valid.Text);
        writer.WriteString("token_type", "Bearer");
        writer.WriteNumber("expires_in", (long)Math.Ceiling((valid.Token.ExpiresAt - clock.GetUtcNow()).TotalSeconds));
        writer.WriteEndObject();
    }).With("Cache-Control", "no-store");

    // RFC 6749, 2.3.1: both parts are form-encoded before they are joined.
    private static (string? Id, string? Secret)? ReadBasic(HttpRequest request)
    {
        if (!AuthenticationHeaderValue.TryParse(request.Headers.Authorization, out var header)
            || !header.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase) || header.Parameter is not { } encoded)
            return null;
        var bytes = new byte[encoded.Length];
        if (!Convert.TryFromBase64String(encoded, bytes, out var length))
            return null;
        return Encoding.UTF8.GetString(bytes, 0, length).Split(':', 2) is [var id, var secret]
            ? (Uri.UnescapeDataString(id), Uri.UnescapeDataString(secret))
            : null;
    }

    private static JsonDocument Identity(string id, string secret)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("application_credential");
            writer.WriteString("id", id);
            writer.WriteString("secret", secret);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return JsonDocument.Parse(buffer.WrittenMemory);
    }

    private static ApiResult Unauthenticated(ApiRequest request, string description)
    {
        request.Http.Response.Headers.WWWAuthenticate = $"Keystone uri=\"{request.BaseUrl}\"";
        return Refuse(StatusCodes.Status401Unauthorized, "invalid_client", description);
    }

    private static ApiResult Refuse(int status, string error, string description) => ApiResult.Json(status, writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("error", error);
        writer.WriteString("error_description", description);
        writer.WriteEndObject();
    }).With("Cache-Control", "no-store");
}
