using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Access;
using Appliance.Controller.Identity.ApplicationCredentials;
using Appliance.Controller.Identity.Catalog;
using Appliance.Controller.Identity.Federation.ServiceProviders;
using Appliance.Controller.Identity.Tokens;

namespace Appliance.Controller.Identity.Auth;

/// <summary>Writes <c>{"token": …}</c>. Source: keystone/common/render_token.py.</summary>
internal static class TokenDocument
{
    /// <param name="showsCatalog">False: the client asked to leave the catalog out.</param>
    public static void Write(Utf8JsonWriter writer, ValidToken valid, ServiceCatalog catalog, string baseUrl, bool showsCatalog = true)
    {
        var (token, access) = (valid.Token, valid.Access);
        writer.WriteStartObject();
        writer.WriteStartObject("token");
        WriteMethods(writer, token.Methods);
        WriteUser(writer, access.User, token.Methods);
        writer.WriteStartArray("audit_ids");
        writer.WriteStringValue(token.AuditId);
        if (token.ParentAuditId is not null)
            writer.WriteStringValue(token.ParentAuditId);
        writer.WriteEndArray();
        Timestamps.WriteMicros(writer, "expires_at", token.ExpiresAt);
        Timestamps.WriteMicros(writer, "issued_at", token.IssuedAt);
        WriteScope(writer, access);
        if (access.Scope.Kind != ScopeKind.Unscoped && showsCatalog)
        {
            writer.WritePropertyName("catalog");
            catalog.Write(writer, baseUrl, access.Scope.Kind == ScopeKind.Project ? access.Target!.Id : null, access.User.Id);
        }

        WriteServiceProviders(writer, catalog.ServiceProviders);
        WriteDelegation(writer, access.Delegation);
        if (token.Thumbprint is { } thumbprint)
        {
            writer.WriteStartObject("oauth2_credential");
            writer.WriteString("x5t#S256", thumbprint);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary><c>"methods": ["password", "totp"]</c></summary>
    public static void WriteMethods(Utf8JsonWriter writer, AuthMethods methods)
    {
        writer.WriteStartArray("methods");
        foreach (var (method, name) in Token.Names)
        {
            if ((methods & method) != 0)
                writer.WriteStringValue(name);
        }

        writer.WriteEndArray();
    }

    private static void WriteServiceProviders(Utf8JsonWriter writer, IReadOnlyList<FederationServiceProvider> providers)
    {
        if (providers.Count == 0)
            return;
        writer.WriteStartArray("service_providers");
        foreach (var provider in providers)
        {
            writer.WriteStartObject();
            writer.WriteString("auth_url", provider.AuthUrl);
            writer.WriteString("id", provider.Id);
            writer.WriteString("sp_url", provider.SpUrl);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteDelegation(Utf8JsonWriter writer, DelegatedAccess? delegation)
    {
        switch (delegation)
        {
            case ApplicationCredentialAccess credential:
                WriteCredential(writer, credential);
                break;
            case TrustAccess trust:
                WriteTrust(writer, trust);
                break;
            case OAuthAccess access:
                writer.WriteStartObject("OS-OAUTH1");
                writer.WriteString("access_token_id", access.Id);
                writer.WriteString("consumer_id", access.ConsumerId);
                writer.WriteEndObject();
                break;
            default:
                break;
        }
    }

    private static void WriteTrust(Utf8JsonWriter writer, TrustAccess trust)
    {
        writer.WriteStartObject("OS-TRUST:trust");
        writer.WriteString("id", trust.Id);
        writer.WriteStartObject("trustor_user");
        writer.WriteString("id", trust.TrustorId);
        writer.WriteEndObject();
        writer.WriteStartObject("trustee_user");
        writer.WriteString("id", trust.TrusteeId);
        writer.WriteEndObject();
        writer.WriteBoolean("impersonation", trust.IsImpersonating);
        writer.WriteEndObject();
    }

    private static void WriteCredential(Utf8JsonWriter writer, ApplicationCredentialAccess credential)
    {
        writer.WriteStartObject("application_credential");
        writer.WriteString("id", credential.Id);
        writer.WriteString("name", credential.Name);
        writer.WriteBoolean("restricted", !credential.IsUnrestricted);
        if (credential.AccessRules is { } rules)
        {
            writer.WriteStartArray("access_rules");
            foreach (var rule in rules)
                AccessRuleJson.Write(writer, rule);
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    // Whom a provider only may vouch for is shown as vouched for where it did.
    private static void WriteUser(Utf8JsonWriter writer, UserRef user, AuthMethods methods)
    {
        writer.WriteStartObject("user");
        WriteRef(writer, "domain", user.Domain);
        writer.WriteString("id", user.Id);
        writer.WriteString("name", user.Name);
        if (user.Federation is { } federation && (federation.IsHome || (methods & (AuthMethods.Mapped | AuthMethods.OpenId)) != AuthMethods.None))
            WriteFederation(writer, federation);
        else
            writer.WriteString("password_expires_at", user.PasswordExpiresAt is { } expires ? Timestamps.MicrosNoZone(expires) : null);
        writer.WriteEndObject();
    }

    private static void WriteFederation(Utf8JsonWriter writer, FederatedIdentity federation)
    {
        writer.WriteStartObject("OS-FEDERATION");
        writer.WriteStartArray("groups");
        foreach (var group in federation.GroupIds)
        {
            writer.WriteStartObject();
            writer.WriteString("id", group);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        foreach (var (name, id) in new[] { ("identity_provider", federation.ProviderId), ("protocol", federation.ProtocolId) })
        {
            writer.WriteStartObject(name);
            writer.WriteString("id", id);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void WriteScope(Utf8JsonWriter writer, AccessGrant access)
    {
        switch (access.Scope.Kind)
        {
            case ScopeKind.System:
                writer.WriteStartObject("system");
                writer.WriteBoolean("all", true);
                writer.WriteEndObject();
                break;
            case ScopeKind.Domain:
                writer.WriteStartObject("domain");
                writer.WriteString("id", access.Target!.Id);
                writer.WriteString("name", access.Target.Name);
                writer.WriteEndObject();
                break;
            case ScopeKind.Project:
                writer.WriteStartObject("project");
                WriteRef(writer, "domain", access.Target!.Domain);
                writer.WriteString("id", access.Target.Id);
                writer.WriteString("name", access.Target.Name);
                writer.WriteEndObject();
                writer.WriteBoolean("is_domain", access.Target.IsDomain);
                break;
            default:
                return;
        }

        writer.WriteStartArray("roles");
        for (var i = 0; i < access.Roles.Count; i++)     // an enumerator of an interface is an allocation
        {
            writer.WriteStartObject();
            writer.WriteString("id", access.Roles[i].Id);
            writer.WriteString("name", access.Roles[i].Name);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteRef(Utf8JsonWriter writer, string name, NamedRef value)
    {
        writer.WriteStartObject(name);
        writer.WriteString("id", value.Id);
        writer.WriteString("name", value.Name);
        writer.WriteEndObject();
    }
}
