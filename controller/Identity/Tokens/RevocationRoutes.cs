using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.Tokens;

/// <summary>
/// <c>/v3/OS-REVOKE/events</c>: which tokens are void, by audit id or by whose they are and when they were issued; for as long as such a
/// token could be shown. And what is left of PKI tokens: answers that they are gone. Source: keystone/api/os_revoke.py, os_simple_cert.py,
/// auth.py.
/// </summary>
internal sealed class RevocationRoutes(IdentityContext context)
{
    public const string Tables = "ALTER TABLE identity_revocations ADD COLUMN revoked_at BIGINT NOT NULL DEFAULT 0;";

    private static readonly string[] TimeFormats =
        ["yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss.FFFFFF"];

    private static readonly Fault NoCertificates = new(
        FaultKind.Gone, "This API is no longer available due to the removal of support for PKI tokens.");

    private static readonly Fault NoList = new(FaultKind.Gone, "The service you have requested is no longer available on this server.");

    public void Map(ApiRoutes v3)
    {
        v3.Read("/OS-REVOKE/events", "identity:list_revoke_events", ListAsync);
        v3.Read("/auth/tokens/OS-PKI/revoked", "identity:revocation_list", static (_, _) => Task.FromResult<ApiResult>(NoList));
        foreach (var path in new[] { "/OS-SIMPLE-CERT/ca", "/OS-SIMPLE-CERT/certificates" })
        {
            v3.Get(path, static (_, _) => Task.FromResult<ApiResult>(NoCertificates)).Public();
            v3.Head(path, static (_, _) => Task.FromResult<ApiResult>(NoCertificates)).Public();
        }
    }

    /// <param name="Member">What <paramref name="Id"/> is the value of.</param>
    private sealed record RevocationEvent(string Member, string Id, DateTimeOffset IssuedBefore, DateTimeOffset RevokedAt);

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        var since = DateTimeOffset.UnixEpoch;
        if (request.QueryValue("since") is { Length: > 0 } text && !DateTimeOffset.TryParseExact(
            text, TimeFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out since))
            return IdentityFaults.Invalid($"invalidate date format {text}");
        var oldest = context.Clock.GetUtcNow() - TokenIssuer.Lifetime - TokenValidator.AllowExpiredWindow;
        var events = await context.Database.ReadAsync((tx, token) => ReadAsync(tx, since > oldest ? since : oldest, token), ct);
        return SmallList.Answer(context, request, "events", writer => events.ForEach(one => Write(writer, one)));
    }

    private static async Task<List<RevocationEvent>> ReadAsync(Session tx, DateTimeOffset since, CancellationToken ct)
    {
        var events = new List<RevocationEvent>();
        foreach (var (member, sql) in new[]
        {
            ("audit_id", "SELECT audit_id, revoked_at FROM identity_revocations WHERE revoked_at > @since"),
            ("user_id", "SELECT id, tokens_valid_from FROM identity_users WHERE tokens_valid_from > @since"),
            ("project_id", "SELECT id, tokens_valid_from FROM identity_projects WHERE is_domain = 0 AND tokens_valid_from > @since"),
            ("domain_id", "SELECT id, tokens_valid_from FROM identity_projects WHERE is_domain = 1 AND tokens_valid_from > @since"),
        })
            events.AddRange(await tx.ListAsync(
                sql, row => new RevocationEvent(member, row.String(0), row.Instant(1), row.Instant(1)), ct, ("since", since)));
        return [.. events.OrderBy(static one => one.RevokedAt)];
    }

    private static void Write(Utf8JsonWriter writer, RevocationEvent one)
    {
        writer.WriteStartObject();
        writer.WriteString(one.Member, one.Id);
        writer.WriteString("issued_before", Timestamps.Micros(one.IssuedBefore));
        writer.WriteString("revoked_at", Timestamps.Micros(one.RevokedAt));
        writer.WriteEndObject();
    }
}
