using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.PolicyBlobs;

/// <summary><c>/v3/policies</c>. Source: keystone/api/policy.py.</summary>
internal sealed class PolicyBlobRoutes(IdentityContext context)
{
    private static readonly FilterField[] Filters = [new("type", "b.type")];

    public void Map(ApiRoutes v3)
    {
        v3.Read("/policies", "identity:list_policies", ListAsync);
        v3.Post("/policies", CreateAsync).Allow("identity:create_policy");
        v3.Read("/policies/{policy_id}", "identity:get_policy", ShowAsync);
        v3.Patch("/policies/{policy_id}", UpdateAsync).Allow("identity:update_policy");
        v3.Delete("/policies/{policy_id}", DeleteAsync).Allow("identity:delete_policy");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct) =>
        CollectionQuery.Read(request.Query, Filters).Failed(out var invalid, out var query)
            ? invalid
            : await PolicyBlobJson.Policies.ListAsync(context, request, query, ct);

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("policy_id");
        return await context.Database.ReadAsync((tx, token) => PolicyBlobJson.Policies.FindAsync(tx, id, token), ct) is { } policy
            ? PolicyBlobJson.Policies.Show(context, request, StatusCodes.Status200OK, policy)
            : IdentityFaults.NotFound("policy", id);
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadMemberAsync(request, "policy", PolicyBlobJson.Create, ct)).Failed(out var invalid, out var body))
            return invalid;
        var policy = Apply(new PolicyBlob(Ids.New(), "", "", Extra.None), body);
        await context.Database.WriteAsync(async (tx, token) =>
        {
            await tx.ExecuteAsync("INSERT INTO identity_policies (id, type, blob, extra) VALUES (@id, @type, @blob, @extra)", token, Bind(policy));
            await context.Database.LogAsync(tx, request.Actor, "policy", policy.Id, "create", token);
        }, ct);
        return PolicyBlobJson.Policies.Show(context, request, StatusCodes.Status201Created, policy);
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("policy_id");
        if ((await IdentityBody.ReadMemberAsync(request, "policy", PolicyBlobJson.Update, ct)).Failed(out var invalid, out var body))
            return invalid;
        if (BodyMembers.CheckId(body, id) is { } changed)
            return changed;
        return (await context.Database.TryWriteAsync<PolicyBlob>(async (tx, token) =>
        {
            if (await PolicyBlobJson.Policies.FindAsync(tx, id, token) is not { } policy)
                return IdentityFaults.NotFound("policy", id);
            var updated = Apply(policy, body);
            await tx.ExecuteAsync("UPDATE identity_policies SET type = @type, blob = @blob, extra = @extra WHERE id = @id", token, Bind(updated));
            await context.Database.LogAsync(tx, request.Actor, "policy", id, "update", token);
            return updated;
        }, ct)).Failed(out var fault, out var shown) ? fault : PolicyBlobJson.Policies.Show(context, request, StatusCodes.Status200OK, shown);
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("policy_id");
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (await tx.ExecuteAsync("DELETE FROM identity_policies WHERE id = @id", token, ("id", id)) == 0)
                return IdentityFaults.NotFound("policy", id);
            await tx.ExecuteAsync("DELETE FROM identity_policy_associations WHERE policy_id = @id", token, ("id", id));
            await context.Database.LogAsync(tx, request.Actor, "policy", id, "delete", token);
            return (Fault?)null;
        }, ct) is { } fault ? fault : ApiResult.NoContent;
    }

    private static PolicyBlob Apply(PolicyBlob policy, JsonElement body) => policy with
    {
        Type = body.Text("type", policy.Type)!,
        Blob = body.Text("blob", policy.Blob)!,
        Extra = Extra.Merge(policy.Extra, body, PolicyBlobJson.Known),
    };

    private static Parameter[] Bind(PolicyBlob policy) =>
        [("id", policy.Id), ("type", policy.Type), ("blob", policy.Blob), ("extra", policy.Extra)];
}
