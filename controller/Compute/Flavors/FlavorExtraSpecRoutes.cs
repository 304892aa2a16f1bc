using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Compute.Flavors;

/// <summary>Compute API: "Flavors extra-specs". Behaviour: nova/api/openstack/compute/flavors_extraspecs.py.</summary>
internal sealed class FlavorExtraSpecRoutes(FlavorStore store)
{
    public void Map(ApiRoutes v21)
    {
        var specs = v21.Group("/flavors/{flavor_id}/os-extra_specs");
        specs.Get("", ListAsync).Allow("os_compute_api:os-flavor-extra-specs:index");
        specs.Post("", CreateAsync).Allow("os_compute_api:os-flavor-extra-specs:create");
        specs.Get("/{key}", ShowAsync).Allow("os_compute_api:os-flavor-extra-specs:show");
        specs.Put("/{key}", UpdateAsync).Allow("os_compute_api:os-flavor-extra-specs:update");
        specs.Delete("/{key}", DeleteAsync).Allow("os_compute_api:os-flavor-extra-specs:delete");
    }

    private Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct) => Task.FromResult(
        store.Find(request.Path("flavor_id"), request.Caller) is { } flavor
            ? Answer(flavor.ExtraSpecs)
            : ComputeFaults.NoFlavor(request.Path("flavor_id")));

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var badBody, out var body))
            return badBody;
        if (FlavorSchemas.ExtraSpecs.Refuses(body, out var invalid))
            return invalid;
        var specs = Read(body.GetProperty("extra_specs"));
        return await store.SetExtraSpecsAsync(request.Path("flavor_id"), specs, ct) is { } fault ? fault : Answer(specs);
    }

    private Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var key = request.Path("key");
        if (store.Find(request.Path("flavor_id"), request.Caller) is not { } flavor)
            return Task.FromResult<ApiResult>(ComputeFaults.NoFlavor(request.Path("flavor_id")));
        return Task.FromResult(flavor.ExtraSpecs.TryGetValue(key, out var value) ? AnswerOne(key, value) : NoSpec(flavor.Id, key));
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var badBody, out var body))
            return badBody;
        if (FlavorSchemas.OneExtraSpec.Refuses(body, out var invalid))
            return invalid;
        var key = request.Path("key");
        var specs = Read(body);
        if (!specs.TryGetValue(key, out var value))
            return ComputeFaults.Invalid("Request body and URI mismatch");
        return await store.SetExtraSpecsAsync(request.Path("flavor_id"), specs, ct) is { } fault ? fault : AnswerOne(key, value);
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        var (id, key) = (request.Path("flavor_id"), request.Path("key"));
        if (store.Find(id, request.Caller) is { } flavor && !flavor.ExtraSpecs.ContainsKey(key))
            return NoSpec(id, key);
        return await store.DeleteExtraSpecAsync(id, key, ct) is { } fault ? fault : ApiResult.Status(StatusCodes.Status200OK);
    }

    private static Fault NoSpec(string id, string key) => ComputeFaults.NotFound($"Flavor {id} has no extra specs with key {key}.");

    private static Dictionary<string, string> Read(JsonElement specs) =>
        specs.ToMap(static value => PythonText.Str(value));

    private static ApiResult Answer(IReadOnlyDictionary<string, string> specs) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        FlavorView.WriteExtraSpecs(json, specs);
        json.WriteEndObject();
    });

    private static ApiResult AnswerOne(string key, string value) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WriteString(key, value);
        json.WriteEndObject();
    });
}
