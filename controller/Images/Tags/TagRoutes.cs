using Appliance.Controller.Http;

namespace Appliance.Controller.Images.Tags;

/// <summary>Single tags of an image. Source: glance/api/v2/image_tags.py.</summary>
internal sealed class TagRoutes(ImageLookup images)
{
    public void Map(ApiRoutes v2)
    {
        v2.Put("/images/{image_id}/tags/{tag}", AddAsync).Allow("modify_image");
        v2.Delete("/images/{image_id}/tags/{tag}", RemoveAsync).Allow("modify_image");
    }

    private async Task<ApiResult> AddAsync(ApiRequest request, CancellationToken ct)
    {
        var tag = request.Path("tag");
        if (tag.Length > 255)
            return new Fault(FaultKind.Invalid, "Image tag should not be greater than 255 characters.");

        var outcome = await images.ChangeAsync(request, "modify_image", "update", image =>
        {
            if (image.Tags.Contains(tag))
                return image;
            var changed = image with { Tags = [.. image.Tags, tag] };
            return ImageRules.CheckLimits(changed) is { } tooMany ? tooMany : changed;
        }, ct);
        return outcome.Failed(out var fault, out _) ? fault : ApiResult.NoContent;
    }

    private async Task<ApiResult> RemoveAsync(ApiRequest request, CancellationToken ct)
    {
        var tag = request.Path("tag");
        var outcome = await images.ChangeAsync(request, "modify_image", "update", image => image.Tags.Contains(tag)
            ? image with { Tags = [.. image.Tags.Where(other => other != tag)] }
            : new Fault(FaultKind.NotFound, $"Could not find tag {tag} of image {image.Id}."), ct);
        return outcome.Failed(out var fault, out _) ? fault : ApiResult.NoContent;
    }
}
