using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Compute.Flavors;

/// <summary>Compute API: "Flavors". Behaviour: nova/api/openstack/compute/flavors.py.</summary>
internal sealed class FlavorRoutes(FlavorStore store)
{
    public void Map(ApiRoutes v21)
    {
        var flavors = v21.Group("/flavors");
        // Nova asks no policy for reading flavors; every documented default lets any caller list server sizes.
        flavors.Get("", ListAsync).Allow("os_compute_api:limits");
        flavors.Post("", CreateAsync).Allow("os_compute_api:os-flavor-manage:create");
        flavors.Get("/detail", ListDetailAsync).Allow("os_compute_api:limits");
        flavors.Get("/{flavor_id}", ShowAsync).Allow("os_compute_api:limits");
        flavors.Delete("/{flavor_id}", DeleteAsync).Allow("os_compute_api:os-flavor-manage:delete");
    }

    private Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct) => Task.FromResult(List(request, FlavorView.WriteBrief));

    private Task<ApiResult> ListDetailAsync(ApiRequest request, CancellationToken ct) => Task.FromResult(List(request, FlavorView.WriteFull));

    private ApiResult List(ApiRequest request, Action<Utf8JsonWriter, ApiRequest, Flavor> write)
    {
        if (FlavorList.Select(request, store.All).Failed(out var fault, out var list))
            return fault;
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("flavors");
            foreach (var flavor in list.Flavors)
                write(json, request, flavor);
            json.WriteEndArray();
            if (list.IsPageFull)
                ComputeLinks.WriteNext(json, request, "flavors", list.Flavors[^1].Id);
            json.WriteEndObject();
        });
    }

    private Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("flavor_id");
        return Task.FromResult(store.Find(id, request.Caller) is { } flavor ? Show(request, flavor) : ComputeFaults.NoFlavor(id));
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var badBody, out var body))
            return badBody;
        if (FlavorSchemas.Create.Refuses(body, out var invalid))
            return invalid;
        if ((await store.CreateAsync(Read(body.GetProperty("flavor")), ct)).Failed(out var fault, out var flavor))
            return fault;
        return Show(request, flavor);
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct) =>
        await store.DeleteAsync(request.Path("flavor_id"), ct) is { } fault ? fault : ApiResult.Accepted;

    private static ApiResult Show(ApiRequest request, Flavor flavor) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WritePropertyName("flavor");
        FlavorView.WriteFull(json, request, flavor);
        json.WriteEndObject();
    });

    private static Flavor Read(JsonElement flavor) => new(
        flavor.Member("id") is { ValueKind: not JsonValueKind.Null } id ? PythonText.Str(id) : Guid.NewGuid().ToString(),
        flavor.GetProperty("name").GetString()!,
        (int)flavor.Int64OrNull("vcpus")!.Value,
        (int)flavor.Int64OrNull("ram")!.Value,
        (int)flavor.Int64OrNull("disk")!.Value,
        (int)(flavor.Int64OrNull("OS-FLV-EXT-DATA:ephemeral") ?? 0),
        (int)(flavor.Int64OrNull("swap") ?? 0),
        flavor.Member("rxtx_factor") is { } factor ? double.Parse(PythonText.Str(factor), CultureInfo.InvariantCulture) : 1.0,
        flavor.Member("os-flavor-access:is_public") is not { } isPublic || ComputeSchemas.ParseBoolean(isPublic) != false,
        flavor.StringOrNull("description"),
        new Dictionary<string, string>(), []);
}
