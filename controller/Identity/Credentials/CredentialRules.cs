using System.Text;
using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Access;

namespace Appliance.Controller.Identity.Credentials;

/// <summary>
/// What callers may do with credentials beyond policy: a delegated token stays in its project, and whom and where a credential is for is
/// not changed by its owner. Source: keystone/api/credentials.py and the advisories behind it.
/// </summary>
internal static class CredentialRules
{
    // What an EC2 credential was made under stays with it: it bounds the tokens the key can get.
    private static readonly string[] FixedInBlob = ["trust_id", "app_cred_id", "access_token_id", "access_id"];

    /// <summary>A delegated token reaches only what belongs to its project.</summary>
    public static Fault? CheckProject(Caller caller, string? projectId) => caller.Delegation is not null && projectId != caller.ProjectId
        ? IdentityFaults.Forbidden("Credential project does not match the project scope of the delegated token")
        : null;

    /// <summary>
    /// A delegated token reaches what belongs to its project, and of the access keys there those made under the same delegation only: any
    /// other key is good for more than was delegated.
    /// </summary>
    public static Fault? CheckReach(Caller caller, Credential credential)
    {
        if (CheckProject(caller, credential.ProjectId) is { } outside)
            return outside;
        if (caller.Delegation is not { } delegation || !credential.Type.Equals(Credential.Ec2, StringComparison.OrdinalIgnoreCase))
            return null;
        return Parse(credential.Blob)?.StringOrNull(MemberOf(delegation)!) == delegation.Id
            ? null
            : IdentityFaults.Forbidden("Credential was not created with the delegation of the token");
    }

    public static Fault? CheckMayCreate(Caller caller) => caller.Delegation is ApplicationCredentialAccess { IsUnrestricted: false }
        ? IdentityFaults.Forbidden("Using method 'application_credential' is not allowed for managing additional credentials.")
        : null;

    /// <summary>The blob of an EC2 credential, with the delegation it is made under written into it.</summary>
    public static Outcome<(string AccessKey, string Blob)> ReadEc2(string blob, Caller caller)
    {
        if (Parse(blob) is not { } members)
            return IdentityFaults.Invalid("Invalid blob in credential");
        if (members.StringOrNull("access") is not { } access)
            return IdentityFaults.Expecting("access", "credential");
        return (access, MemberOf(caller.Delegation) is { } member ? With(members, member, caller.Delegation!.Id) : blob);
    }

    /// <summary>Where the delegation that a key was made under stands in its blob; null for none.</summary>
    public static string? MemberOf(DelegatedAccess? delegation) => delegation switch
    {
        null => null,
        TrustAccess => "trust_id",
        OAuthAccess => "access_token_id",
        _ => "app_cred_id",
    };

    /// <param name="updated">As it would be.</param>
    public static Fault? CheckUpdate(Caller caller, Credential current, Credential updated)
    {
        if (!caller.IsAdmin && (updated.Type != current.Type || updated.ProjectId != current.ProjectId || updated.UserId != current.UserId))
            return IdentityFaults.Forbidden("identity:update_credential");
        if (!updated.Type.Equals(Credential.Ec2, StringComparison.OrdinalIgnoreCase))
            return null;
        if (Parse(updated.Blob) is not { } next)
            return IdentityFaults.Invalid("Invalid blob in credential");
        if (next.StringOrNull("access") is null)
            return IdentityFaults.Expecting("access", "credential");
        var previous = Parse(current.Blob);
        foreach (var name in FixedInBlob)
        {
            if (previous?.StringOrNull(name) != next.StringOrNull(name))
                return IdentityFaults.Invalid($"{name} can not be updated for credential");
        }

        return null;
    }

    /// <summary>Null: not a JSON object.</summary>
    public static JsonElement? Parse(string blob)
    {
        try
        {
            using var document = JsonDocument.Parse(blob);
            return document.RootElement.ValueKind == JsonValueKind.Object && JsonText.IsWellFormed(document.RootElement)
                ? document.RootElement.Clone()
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string With(JsonElement members, string name, string value)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            // Whatever other delegation the caller wrote in: the key is bound by the one it is made under.
            foreach (var member in members.EnumerateObject().Where(static member => !FixedInBlob.Contains(member.Name)))
                member.WriteTo(writer);
            writer.WriteString(name, value);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
