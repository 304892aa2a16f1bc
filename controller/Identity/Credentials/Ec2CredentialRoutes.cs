using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Http.Policies;
using Appliance.Controller.Identity.Access;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Projects;
using Appliance.Controller.Identity.Users;

namespace Appliance.Controller.Identity.Credentials;

/// <summary><c>/v3/users/{id}/credentials/OS-EC2</c>: EC2 key pairs, named by their access key. Source: keystone/api/users.py.</summary>
internal sealed class Ec2CredentialRoutes(IdentityContext context, CredentialStore store)
{
    private const int SecretBytes = 16;

    public void Map(ApiRoutes v3)
    {
        var keys = v3.Group("/users/{user_id}/credentials/OS-EC2");
        keys.Read("", "identity:ec2_list_credentials", ListAsync, FindTargetAsync);
        keys.Post("", CreateAsync).Allow("identity:ec2_create_credential", FindTargetAsync);
        keys.Read("/{credential_id}", "identity:ec2_get_credential", ShowAsync, FindKeyAsync);
        keys.Delete("/{credential_id}", DeleteAsync).Allow("identity:ec2_delete_credential", FindKeyAsync);
    }

    // Keys to be: the owner is the user of the path.
    private static ValueTask<PolicyTarget> FindTargetAsync(ApiRequest request, CancellationToken ct) => new(new PolicyTarget(
        null, request.Path("user_id"), new Dictionary<string, string?> { ["target.credential.user_id"] = request.Path("user_id") }));

    // Whoever the path names: the owner of a key is its own user.
    private async ValueTask<PolicyTarget> FindKeyAsync(ApiRequest request, CancellationToken ct)
    {
        var access = request.Path("credential_id");
        var found = await context.Database.ReadAsync((tx, token) => store.Credentials.FindAsync(tx, Credential.IdOfAccessKey(access), token), ct);
        return found is null
            ? new PolicyTarget(null) { Missing = IdentityFaults.NotFound("credential", Credential.IdOfAccessKey(access)) }
            : new PolicyTarget(null, found.UserId, new Dictionary<string, string?> { ["target.credential.user_id"] = found.UserId });
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        var query = new CollectionQuery().And("c.user_id = @owner AND c.type = 'ec2'", ("owner", request.Path("user_id")));
        if (request.Caller.Delegation is not null)
            query.And("c.project_id = @ofProject", ("ofProject", request.Caller.ProjectId));
        var keys = await context.Database.ReadAsync((tx, token) => store.Credentials.ListAsync(tx, query, token), ct);
        keys.RemoveAll(key => CredentialRules.CheckReach(request.Caller, key) is not null);
        var v3 = context.V3Url(request);
        return SmallList.Answer(context, request, "credentials", writer => keys.ForEach(key => Write(writer, key, v3)));
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadAsync(request, ct)).Failed(out var unreadable, out var body))
            return unreadable;
        var (userId, projectId) = (request.Path("user_id"), body.StringOrNull("tenant_id") ?? "");
        if ((CredentialRules.CheckMayCreate(request.Caller) ?? CredentialRules.CheckProject(request.Caller, projectId)) is { } refused)
            return refused;

        var access = Ids.New();
        var credential = new Credential(
            Credential.IdOfAccessKey(access), userId, projectId, Credential.Ec2, NewBlob(access, request.Caller.Delegation), Extra.None);
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (await UserJson.Users.FindAsync(tx, userId, token) is null)
                return IdentityFaults.NotFound("user", userId);
            if (await ProjectJson.Projects.FindAsync(tx, projectId, token) is null)
                return IdentityFaults.NotFound("project", projectId);
            await store.TryInsertAsync(tx, credential, token);
            await context.Database.LogAsync(tx, request.Actor, "credential", credential.Id, "create", token);
            return (Fault?)null;
        }, ct) is { } fault ? fault : Answer(request, StatusCodes.Status201Created, credential);
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct) =>
        (await FindAsync(request, ct)).Failed(out var missing, out var credential) ? missing : Answer(request, StatusCodes.Status200OK, credential);

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await FindAsync(request, ct)).Failed(out var missing, out var credential))
            return missing;
        await context.Database.WriteAsync(async (tx, token) =>
        {
            await CredentialStore.DeleteAsync(tx, credential.Id, token);
            await context.Database.LogAsync(tx, request.Actor, "credential", credential.Id, "delete", token);
        }, ct);
        return ApiResult.NoContent;
    }

    private async Task<Outcome<Credential>> FindAsync(ApiRequest request, CancellationToken ct)
    {
        var access = request.Path("credential_id");
        var found = await context.Database.ReadAsync((tx, token) => store.Credentials.FindAsync(tx, Credential.IdOfAccessKey(access), token), ct);
        if (found is not { Type: Credential.Ec2 })
            return IdentityFaults.NotFound("credential", access);
        return CredentialRules.CheckReach(request.Caller, found) is { } outside ? outside : found;
    }

    private ApiResult Answer(ApiRequest request, int status, Credential credential)
    {
        var v3 = context.V3Url(request);
        return ApiResult.Json(status, writer =>
        {
            writer.WriteStartObject();
            writer.WritePropertyName("credential");
            Write(writer, credential, v3);
            writer.WriteEndObject();
        });
    }

    private static void Write(Utf8JsonWriter writer, Credential credential, string v3)
    {
        var blob = CredentialRules.Parse(credential.Blob);
        var access = blob?.StringOrNull("access");
        writer.WriteStartObject();
        writer.WriteString("user_id", credential.UserId);
        writer.WriteString("tenant_id", credential.ProjectId);
        writer.WriteString("access", access);
        writer.WriteString("secret", blob?.StringOrNull("secret"));
        writer.WriteString("trust_id", blob?.StringOrNull("trust_id"));
        writer.WriteStartObject("links");
        writer.WriteString("self", $"{v3}/users/{credential.UserId}/credentials/OS-EC2/{access}");
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static string NewBlob(string access, DelegatedAccess? delegation)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("access", access);
            writer.WriteString("secret", Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SecretBytes)));
            writer.WriteString("trust_id", (delegation as TrustAccess)?.Id);
            if (CredentialRules.MemberOf(delegation) is { } member and not "trust_id")
                writer.WriteString(member, delegation!.Id);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
