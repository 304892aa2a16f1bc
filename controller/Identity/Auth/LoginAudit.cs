using System.Text;
using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Tokens;

namespace Appliance.Controller.Identity.Auth;

/// <summary>
/// Tells the change log who proved to be whom, and who failed to. Never what it was proven with, and of users that do not exist not even the
/// name that was given: people type passwords there. Source: keystone/notifications.py, CadfNotificationWrapper.
/// </summary>
internal sealed class LoginAudit(AuthenticationLog log)
{
    private const string Resource = "authentication";
    private const string Unknown = "unknown";

    public void Succeeded(ApiRequest request, ValidToken valid) => log.Record(
        request.Actor with { UserId = valid.Token.UserId, ProjectId = valid.Access.Scope.Kind == ScopeKind.Project ? valid.Access.Scope.Id : null },
        new Change("keystone", Resource, valid.Token.UserId, null, Change.Authenticate, Describe(valid)));

    /// <summary>Some of the methods that a user's rules demand were proven.</summary>
    public void SucceededInPart(ApiRequest request, string userId, IEnumerable<string> methods) => log.Record(
        request.Actor with { UserId = userId },
        new Change("keystone", Resource, userId, null, Change.Authenticate, Write(writer =>
        {
            WriteMethods(writer, methods);
            writer.WriteBoolean("receipt", true);
        })));

    /// <summary>Durable when it returns.</summary>
    /// <param name="userId">Who was named; null: nobody who exists.</param>
    /// <param name="methods">By which it was tried.</param>
    public Task FailedAsync(ApiRequest request, string? userId, IEnumerable<string> methods, Fault fault, CancellationToken ct) => log.RecordDurablyAsync(
        request.Actor with { UserId = userId },
        new Change("keystone", Resource, userId ?? Unknown, null, Change.Authenticate, Write(writer =>
        {
            WriteMethods(writer, methods);
            writer.WriteStartObject("reason");
            writer.WriteString("reasonCode", CodeOf(fault.Kind));
            // What the answer says may quote what was sent: only words of our own are kept.
            writer.WriteString("reasonType", fault.Internal ?? fault.Kind.ToString());
            writer.WriteEndObject();
        }))
        { HasFailed = true }, ct);

    private static string Describe(ValidToken valid) => Write(writer =>
    {
        WriteMethods(writer, Token.NamesOf(valid.Token.Methods));
        writer.WriteString("audit_id", valid.Token.AuditId);
        if (valid.Token.ParentAuditId is { } parent)
            writer.WriteString("parent_audit_id", parent);
        if (valid.Token.Delegation is { } delegation)
            writer.WriteString(delegation.Kind switch
            {
                DelegationKind.Trust => "trust_id",
                DelegationKind.AccessToken => "access_token_id",
                _ => "application_credential_id",
            }, delegation.Id);
        if (valid.Access.Scope is { Kind: ScopeKind.Domain, Id: { } domain })
            writer.WriteString("domain_id", domain);
        if (valid.Access.Scope.Kind == ScopeKind.System)
            writer.WriteBoolean("system", true);
        if (valid.Access.User.Federation is { } federation)
        {
            writer.WriteString("identity_provider", federation.ProviderId);
            writer.WriteString("protocol", federation.ProtocolId);
        }
    });

    // Names of methods come with the request: those that are words, and few.
    private static void WriteMethods(Utf8JsonWriter writer, IEnumerable<string> methods)
    {
        writer.WriteStartArray("methods");
        foreach (var method in methods.Where(static method => method.Length <= 32 && method.All(static letter => char.IsAsciiLetterOrDigit(letter) || letter == '_')).Take(8))
            writer.WriteStringValue(method);
        writer.WriteEndArray();
    }

    private static string Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, JsonBody.Options))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static string CodeOf(FaultKind kind) => kind switch
    {
        FaultKind.Invalid => "400",
        FaultKind.Forbidden => "403",
        FaultKind.NotFound => "404",
        _ => "401",
    };
}
