using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Http.Policies;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.Credentials;

/// <summary><c>/v3/credentials</c>. Source: keystone/api/credentials.py.</summary>
internal sealed class CredentialRoutes(IdentityContext context, CredentialStore store)
{
    private static readonly FilterField[] Filters = [new("user_id", "c.user_id"), new("type", "c.type")];

    public void Map(ApiRoutes v3)
    {
        var credentials = v3.Group("/credentials");
        credentials.ReadAsking("", "identity:list_credentials", ListAsync);
        credentials.Post("", CreateAsync).AllowInHandler("identity:create_credential");
        credentials.Read("/{credential_id}", "identity:get_credential", ShowAsync, FindTargetAsync);
        credentials.Patch("/{credential_id}", UpdateAsync).Allow("identity:update_credential", FindTargetAsync);
        credentials.Delete("/{credential_id}", DeleteAsync).Allow("identity:delete_credential", FindTargetAsync);
    }

    private async ValueTask<PolicyTarget> FindTargetAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("credential_id");
        var owner = await context.Database.ReadAsync((tx, token) => tx.FindAsync(
            "SELECT user_id FROM identity_credentials WHERE id = @id", static row => row.String(0), token, ("id", id)), ct);
        return new PolicyTarget(null, null, owner is null ? null : new Dictionary<string, string?> { ["target.credential.user_id"] = owner });
    }

    // Who may not see everybody's sees their own.
    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        var caller = request.Caller;
        if (context.Check(request, "identity:list_credentials", ("target.credential.user_id", caller.UserId)) is { } refused)
            return refused;
        if (CollectionQuery.Read(request.Query, Filters).Failed(out var invalid, out var query))
            return invalid;
        if (context.Check(request, "identity:get_credential") is not null)
            query.And("c.user_id = @owner", ("owner", caller.UserId));
        return caller.Delegation is null
            ? await store.Credentials.ListAsync(context, request, query, ct)
            : await ListReachedAsync(request, query.And("c.project_id = @ofProject", ("ofProject", caller.ProjectId)), ct);
    }

    // What a key was made under stands in its sealed part. Few credentials belong to one project.
    private async Task<ApiResult> ListReachedAsync(ApiRequest request, CollectionQuery query, CancellationToken ct)
    {
        var found = await context.Database.ReadAsync((tx, token) => store.Credentials.ListAsync(tx, query, token), ct);
        var v3 = context.V3Url(request);
        return SmallList.Answer(context, request, "credentials", writer =>
        {
            foreach (var credential in found.Where(credential => CredentialRules.CheckReach(request.Caller, credential) is null))
                store.Credentials.WriteItem(writer, credential, v3);
        });
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadMemberAsync(request, "credential", CredentialStore.Create, ct)).Failed(out var invalid, out var body))
            return invalid;
        var userId = body.StringOrNull("user_id")!;
        if (context.Check(request, "identity:create_credential", ("target.credential.user_id", userId)) is { } refused)
            return refused;

        var credential = new Credential(
            Ids.New(), userId, body.StringOrNull("project_id"), body.StringOrNull("type")!, body.StringOrNull("blob")!,
            Extra.Merge(Extra.None, body, CredentialStore.Known));
        if (CompleteEc2(request.Caller, credential).Failed(out var badKey, out var complete))
            return badKey;
        if (CredentialRules.CheckProject(request.Caller, complete.ProjectId) is { } outside)
            return outside;
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (!await store.TryInsertAsync(tx, complete, token))
                return IdentityFaults.Conflict("credential", $"Duplicate entry found with ID {complete.Id}");
            await context.Database.LogAsync(tx, request.Actor, "credential", complete.Id, "create", token);
            return (Fault?)null;
        }, ct) is { } fault ? fault : store.Credentials.Show(context, request, StatusCodes.Status201Created, complete);
    }

    // An EC2 credential is found by its access key and belongs to a project; others are taken as they are.
    private static Outcome<Credential> CompleteEc2(Caller caller, Credential credential)
    {
        if (!credential.Type.Equals(Credential.Ec2, StringComparison.OrdinalIgnoreCase))
            return credential;
        if (CredentialRules.CheckMayCreate(caller) is { } restricted)
            return restricted;
        if (credential.ProjectId is null)
            return IdentityFaults.Expecting("project_id", "credential");
        return CredentialRules.ReadEc2(credential.Blob, caller).Failed(out var badBlob, out var ec2)
            ? badBlob
            : credential with { Id = Credential.IdOfAccessKey(ec2.AccessKey), Blob = ec2.Blob };
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct) =>
        (await FindAsync(request, ct)).Failed(out var missing, out var credential)
            ? missing
            : store.Credentials.Show(context, request, StatusCodes.Status200OK, credential);

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadMemberAsync(request, "credential", CredentialStore.Update, ct)).Failed(out var invalid, out var body))
            return invalid;
        if ((await FindAsync(request, ct)).Failed(out var missing, out var current))
            return missing;
        if (BodyMembers.CheckId(body, current.Id) is { } changed)
            return changed;
        var updated = current with
        {
            UserId = body.Text("user_id", current.UserId)!,
            ProjectId = body.Text("project_id", current.ProjectId),
            Type = body.Text("type", current.Type)!,
            Blob = body.Text("blob", current.Blob)!,
            Extra = Extra.Merge(current.Extra, body, CredentialStore.Known),
        };
        if ((CredentialRules.CheckUpdate(request.Caller, current, updated) ?? CredentialRules.CheckProject(request.Caller, updated.ProjectId)) is { } refused)
            return refused;
        await ChangeAsync(request, current.Id, "update", (tx, token) => store.UpdateAsync(tx, updated, token), ct);
        return store.Credentials.Show(context, request, StatusCodes.Status200OK, updated);
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await FindAsync(request, ct)).Failed(out var missing, out var credential))
            return missing;
        await ChangeAsync(request, credential.Id, "delete", (tx, token) => CredentialStore.DeleteAsync(tx, credential.Id, token), ct);
        return ApiResult.NoContent;
    }

    private Task ChangeAsync(ApiRequest request, string id, string action, Func<Session, CancellationToken, Task> change, CancellationToken ct) =>
        context.Database.WriteAsync(async (tx, token) =>
        {
            await change(tx, token);
            await context.Database.LogAsync(tx, request.Actor, "credential", id, action, token);
        }, ct);

    private async Task<Outcome<Credential>> FindAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("credential_id");
        if (await context.Database.ReadAsync((tx, token) => store.Credentials.FindAsync(tx, id, token), ct) is not { } credential)
            return IdentityFaults.NotFound("credential", id);
        return CredentialRules.CheckReach(request.Caller, credential) is { } outside ? outside : credential;
    }
}
