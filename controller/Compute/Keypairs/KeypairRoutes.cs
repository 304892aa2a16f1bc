using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Http.Policies;

namespace Appliance.Controller.Compute.Keypairs;

/// <summary>Compute API: "Keypairs". Behaviour: nova/api/openstack/compute/keypairs.py.</summary>
internal sealed class KeypairRoutes(KeypairStore keypairs, PolicyEngine policy)
{
    private const string Policies = "os_compute_api:os-keypairs:";

    private static readonly JsonSchema Create = Body();
    private static readonly JsonSchema CreateTyped = Body("type");
    private static readonly JsonSchema CreateForUser = Body("type", "user_id");

    public void Map(ApiRoutes v21)
    {
        var pairs = v21.Group("/os-keypairs");
        pairs.Get("", ListAsync).Allow(Policies + "index");
        pairs.Post("", CreateAsync).Allow(Policies + "create");
        pairs.Get("/{keypair_name}", ShowAsync).Allow(Policies + "show");
        pairs.Delete("/{keypair_name}", DeleteAsync).Allow(Policies + "delete");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        if (UserOf(request, "index").Failed(out var refused, out var user))
            return refused;
        var list = await keypairs.ListAsync(user, ct);
        if (request.Version < ComputeVersions.KeypairPages)
            return List(request, list, hasNext: false);
        if (ComputePaging.Read(request).Failed(out var badPage, out var page))
            return badPage;
        if (page.Marker is { } marker)
        {
            var index = list.FindIndex(pair => pair.Name == marker);
            if (index < 0)
                return ComputeFaults.Invalid($"Marker {marker} could not be found.");
            list = list[(index + 1)..];
        }

        var limit = page.Limit ?? ComputePaging.MaxLimit;
        return List(request, [.. list.Take(limit)], hasNext: list.Count >= limit && limit > 0);
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var badBody, out var body))
            return badBody;
        if (SchemaOf(request.Version).Refuses(body, out var invalid))
            return invalid;

        var asked = body.GetProperty("keypair");
        var user = asked.StringOrNull("user_id") ?? request.Caller.UserId;
        if (policy.Check("nova", Policies + "create", request.Caller, new PolicyTarget(null, user)) is { } refused)
            return refused;
        var type = asked.StringOrNull("type") ?? "ssh";
        if (type != "ssh")
            return ComputeFaults.Invalid("Keypair data is invalid: only keypairs of type ssh are supported by the guests of this cloud.");

        var (privateKey, publicKey) = asked.StringOrNull("public_key") is { } given ? (null, given) : SshKey.Generate();
        if (SshKey.Fingerprint(publicKey).Failed(out var badKey, out var fingerprint))
            return badKey;
        var name = asked.GetProperty("name").GetString()!;
        if ((await keypairs.CreateAsync(request.Actor, user, name, type, publicKey, fingerprint, ct)).Failed(out var fault, out var pair))
            return fault;
        return Created(request, pair, privateKey);
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        if (UserOf(request, "show").Failed(out var refused, out var user))
            return refused;
        var name = request.Path("keypair_name");
        return await keypairs.FindAsync(user, name, ct) is { } pair ? Show(request, pair) : KeypairStore.Missing(user, name);
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        if (UserOf(request, "delete").Failed(out var refused, out var user))
            return refused;
        if (await keypairs.DeleteAsync(request.Actor, user, request.Path("keypair_name"), ct) is { } fault)
            return fault;
        return request.Version >= ComputeVersions.KeypairTypes ? ApiResult.NoContent : ApiResult.Accepted;
    }

    // From 2.10 on the policy decides about the pairs of another user.
    private Outcome<string> UserOf(ApiRequest request, string operation)
    {
        var user = request.Version >= ComputeVersions.KeypairsOfUsers ? request.QueryValue("user_id") : null;
        if (user is null)
            return request.Caller.UserId;
        return policy.Check("nova", Policies + operation, request.Caller, new PolicyTarget(null, user)) is { } refused ? refused : user;
    }

    private static ApiResult List(ApiRequest request, List<Keypair> pairs, bool hasNext) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("keypairs");
        foreach (var pair in pairs)
        {
            json.WriteStartObject();
            json.WriteStartObject("keypair");
            WriteBrief(json, request, pair);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (hasNext)
            ComputeLinks.WriteNext(json, request, "keypairs", pairs[^1].Name);
        json.WriteEndObject();
    });

    private static ApiResult Created(ApiRequest request, Keypair pair, string? privateKey)
    {
        var status = request.Version >= ComputeVersions.KeypairTypes ? StatusCodes.Status201Created : StatusCodes.Status200OK;
        return ApiResult.Json(status, json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("keypair");
            WriteBrief(json, request, pair);
            json.WriteString("user_id", pair.UserId);
            if (privateKey is not null)
                json.WriteString("private_key", privateKey);
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    private static ApiResult Show(ApiRequest request, Keypair pair) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WriteStartObject("keypair");
        WriteBrief(json, request, pair);
        json.WriteString("created_at", Timestamps.MicrosNoZone(pair.CreatedAt));
        json.WriteBoolean("deleted", false);
        json.WriteNull("deleted_at");
        json.WriteNumber("id", pair.Number);
        json.WriteString("user_id", pair.UserId);
        json.WriteNull("updated_at");
        json.WriteEndObject();
        json.WriteEndObject();
    });

    private static void WriteBrief(Utf8JsonWriter json, ApiRequest request, Keypair pair)
    {
        json.WriteString("name", pair.Name);
        json.WriteString("public_key", pair.PublicKey);
        json.WriteString("fingerprint", pair.Fingerprint);
        if (request.Version >= ComputeVersions.KeypairTypes)
            json.WriteString("type", pair.Type);
    }

    private static JsonSchema SchemaOf(Microversion version) =>
        version >= ComputeVersions.KeypairsOfUsers ? CreateForUser : version >= ComputeVersions.KeypairTypes ? CreateTyped : Create;

    private static JsonSchema Body(params string[] further)
    {
        var pair = JsonSchema.Object.Closed()
            .Required("name", ComputeSchemas.Name.Pattern(@"^[_\- a-zA-Z0-9]+$"))
            .Property("public_key", JsonSchema.String());
        if (further.Contains("type"))
            pair.Property("type", JsonSchema.OneOfValues("ssh", "x509"));
        if (further.Contains("user_id"))
            pair.Property("user_id", JsonSchema.String(1, 255).Pattern("^[a-zA-Z0-9-]*$"));
        return JsonSchema.Object.Closed().Required("keypair", pair);
    }
}
