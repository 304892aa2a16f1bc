using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Identity.Auth;

/// <summary>What <c>POST /v3/auth/tokens</c> accepts. Source: keystone/auth/schema.py.</summary>
internal static class AuthSchema
{
    private static readonly JsonSchema IdAndName = JsonSchema.Object.Property("id", JsonSchema.String()).Property("name", JsonSchema.String());

    private static readonly JsonSchema InDomain = JsonSchema.Object.Property("id", JsonSchema.String()).Property("name", JsonSchema.String())
        .Property("domain", IdAndName);

    private static readonly JsonSchema User = JsonSchema.Object.Property("id", JsonSchema.String()).Property("name", JsonSchema.String())
        .Property("password", JsonSchema.String()).Property("domain", IdAndName);

    private static readonly JsonSchema Issue = JsonSchema.Object
        .Required("identity", JsonSchema.Object
            .Required("methods", JsonSchema.Array(JsonSchema.String()))
            .Property("password", JsonSchema.Object.Property("user", User))
            .Property("token", JsonSchema.Object.Required("id", JsonSchema.String()))
            .Property("application_credential", JsonSchema.Object
                .Property("id", JsonSchema.String()).Property("name", JsonSchema.String()).Property("secret", JsonSchema.String())
                .Property("user", User)))
        .Property("scope", JsonSchema.Of("object", "string")
            .Property("project", InDomain)
            .Property("domain", IdAndName)
            .Property("OS-TRUST:trust", JsonSchema.Object.Property("id", JsonSchema.String()))
            .Property("system", JsonSchema.Object.Property("all", JsonSchema.Boolean)));

    public static Fault? Check(JsonElement auth)
    {
        if (IdentityBody.Check(Issue, auth) is { } invalid)
            return invalid;

        var identity = auth.GetProperty("identity");
        return CheckNamed(identity.Member("password")?.Member("user"), "identity/password/user")
            ?? CheckNamed(auth.Member("scope")?.Member("project"), "scope/project")
            ?? CheckIdOrName(auth.Member("scope")?.Member("domain"), "scope/domain");
    }

    private static Fault? CheckNamed(JsonElement? value, string path) =>
        CheckIdOrName(value, path) ?? CheckIdOrName(value?.Member("domain"), path + "/domain");

    private static Fault? CheckIdOrName(JsonElement? value, string path) =>
        value is not { } present || present.Has("id") || present.Has("name")
            ? null
            : IdentityFaults.Invalid($"Invalid input for field {path}: id or name must be present.");
}
