using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Images.Data;
using Appliance.Controller.Images.Members;

namespace Appliance.Controller.Images;

/// <summary>Images: create, list, show, update, delete, deactivate. Source: glance/api/v2/images.py, image_actions.py.</summary>
internal sealed class ImageRoutes(Platform platform, ImageLookup images, ImageFiles files)
{
    public void Map(ApiRoutes v2)
    {
        v2.Get("/images", ListAsync).Allow("get_images");
        v2.Post("/images", CreateAsync).Allow("add_image");
        v2.Get("/images/{image_id}", ShowAsync).Allow("get_image");
        v2.Patch("/images/{image_id}", UpdateAsync).Allow("modify_image");
        v2.Delete("/images/{image_id}", DeleteAsync).Allow("delete_image");
        v2.Post("/images/{image_id}/actions/deactivate", DeactivateAsync).Allow("deactivate");
        v2.Post("/images/{image_id}/actions/reactivate", ReactivateAsync).Allow("reactivate");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        if (ImageQuery.Read(request.Query).Failed(out var fault, out var query))
            return fault;

        var caller = request.Caller;
        var (all, accepted) = await platform.Database.ReadAsync(async (tx, token) => (
            await ImageStore.ListAsync(tx, caller.IsAdmin ? null : caller.ProjectId ?? "", token),
            await MemberStore.ListImageIdsAsync(tx, caller.ProjectId ?? "", query.MemberStatus, token)), ct);
        var sorted = query.Sort(all.Where(image => IsListed(image, caller, query, accepted) && query.Matches(image))).ToList();
        if (query.Marker is { } marker)
        {
            var index = sorted.FindIndex(image => image.Id == marker);
            if (index < 0 && !all.Exists(image => image.Id == marker))
                return new Fault(FaultKind.Invalid, "Invalid marker. Image could not be found.");
            sorted.RemoveRange(0, index + 1);
        }

        var hasMore = sorted.Count > query.Limit;
        var page = hasMore ? sorted[..query.Limit] : sorted;
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("images"u8);
            foreach (var image in page)
                ImageView.Write(json, image);
            json.WriteEndArray();
            json.WriteString("first"u8, "/v2/images" + ImageLinks.Without(request.Query, "marker"));
            if (hasMore && page.Count > 0)
                json.WriteString("next"u8, "/v2/images" + ImageLinks.With(request.Query, "marker", page[^1].Id));
            json.WriteString("schema"u8, "/v2/schemas/images");
            json.WriteEndObject();
        });
    }

    // Community images appear only when asked for; shared ones when the member has them in the asked state.
    private static bool IsListed(Image image, Caller caller, ImageQuery query, HashSet<string> memberOf)
    {
        if (image.Owner == caller.ProjectId)
            return true;
        return image.Visibility switch
        {
            ImageVisibility.Public => true,
            ImageVisibility.Community => query.Visibility == ImageVisibility.Community,
            ImageVisibility.Shared => caller.IsAdmin || memberOf.Contains(image.Id),
            _ => caller.IsAdmin,
        };
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var badBody, out var body))
            return badBody.Code == Body.EmptyBody ? ImageFaults.NoBody : badBody;
        if (ImageCreateRequest.Read(body, request.Caller, platform.Clock.GetUtcNow()).Failed(out var fault, out var image))
            return fault;

        var created = await platform.Database.TryWriteAsync(async (tx, token) =>
        {
            if (!await ImageStore.InsertAsync(tx, image, token))
                return new Fault(FaultKind.Conflict, $"Image ID {image.Id} already exists!");
            await images.RecordAsync(tx, request.Actor, image, "create", token);
            return null;
        }, ct);
        if (created is not null)
            return created;
        return ApiResult.Json(StatusCodes.Status201Created, json => ImageView.Write(json, image))
            .With("Location", $"{request.BaseUrl}/v2/images/{image.Id}");
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await images.FindVisibleAsync(request, ct)).Failed(out var fault, out var image))
            return fault;
        return ApiResult.Ok(json => ImageView.Write(json, image));
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        if (ImagePatch.CheckContentType(request.Http) is { } unsupported)
            return unsupported;
        if ((await request.ReadJsonAsync(ct)).Failed(out var badBody, out var body))
            return badBody.Code == Body.EmptyBody ? ImageFaults.NoBody : badBody;
        if (ImagePatch.Read(request.Http.Request.ContentType, body).Failed(out var badPatch, out var changes))
            return badPatch;

        var outcome = await images.ChangeAsync(request, "modify_image", "update",
            image => ImagePatch.Apply(image, changes, request.Caller), ct);
        return outcome.Failed(out var fault, out var changed) ? fault : ApiResult.Ok(json => ImageView.Write(json, changed));
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("image_id");
        var fault = await platform.Database.TryWriteAsync(async (tx, token) =>
        {
            if ((await ImageLookup.FindVisibleAsync(tx, id, request.Caller, token)).Failed(out var missing, out var image))
                return missing with { Public = $"Failed to find image {id} to delete" };
            if (ImageRules.CheckModify(image, request.Caller, "delete_image") is { } foreign)
                return foreign;
            if (ImageRules.CheckDelete(image) is { } refused)
                return refused;

            await ImageStore.DeleteAsync(tx, image, token);
            await images.RecordAsync(tx, request.Actor, image, "delete", token);
            return null;
        }, ct);
        if (fault is not null)
            return fault;

        // A crash before this leaves a file without a row, which the next start removes.
        files.Delete(id);
        return ApiResult.NoContent;
    }

    private Task<ApiResult> DeactivateAsync(ApiRequest request, CancellationToken ct) =>
        SetActivationAsync(request, "deactivate", ImageStatus.Deactivated, ct);

    private Task<ApiResult> ReactivateAsync(ApiRequest request, CancellationToken ct) =>
        SetActivationAsync(request, "reactivate", ImageStatus.Active, ct);

    private async Task<ApiResult> SetActivationAsync(ApiRequest request, string rule, string status, CancellationToken ct)
    {
        var outcome = await images.ChangeAsync(request, rule, rule, image =>
            ImageRules.CheckActivation(image, status) is { } refused ? refused : image with { Status = status }, ct);
        return outcome.Failed(out var fault, out _) ? fault : ApiResult.NoContent;
    }
}

/// <summary>Page addresses of image lists: relative, with the query of the request.</summary>
internal static class ImageLinks
{
    public static string Without(IQueryCollection query, string name) => Build(query, name).Value ?? "";
    public static string With(IQueryCollection query, string name, string value) => Build(query, name).Add(name, value).Value ?? "";

    private static QueryString Build(IQueryCollection query, string without)
    {
        var built = QueryString.Empty;
        foreach (var (key, values) in query)
        {
            foreach (var value in key == without ? default : values)
                built = built.Add(key, value ?? "");
        }

        return built;
    }
}
