using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Images.Members;

namespace Appliance.Controller.Images;

/// <summary>Finding an image as its caller may see it, and changing it: the common part of every image operation.</summary>
internal sealed class ImageLookup(Platform platform)
{
    // Two changes of one image at the same moment: the second looks again. Losing this often in a row does not happen by itself.
    private const int MaxTries = 10;

    /// <summary>The image of the path; NotFound when there is none or the caller may not know of it.</summary>
    public Task<Outcome<Image>> FindVisibleAsync(ApiRequest request, CancellationToken ct) => platform.Database.ReadAsync(
        (tx, token) => FindVisibleAsync(tx, request.Path("image_id"), request.Caller, token), ct);

    public static async Task<Outcome<Image>> FindVisibleAsync(Session tx, string id, Caller caller, CancellationToken ct)
    {
        if (await ImageStore.FindAsync(tx, id, ct) is not { } image)
            return ImageFaults.NotFound(id);
        var isMember = image.Visibility == ImageVisibility.Shared && caller.ProjectId is { } project
            && await MemberStore.FindAsync(tx, id, project, ct) is not null;
        return ImageRules.IsVisible(image, caller, isMember) ? image : ImageFaults.NotFound(id);
    }

    /// <summary>Changes the image of the path by <paramref name="change"/>, which may be called again with a newer image.</summary>
    public Task<Outcome<Image>> ChangeAsync(
        ApiRequest request, string rule, string action, Func<Image, Outcome<Image>> change, CancellationToken ct) =>
        platform.Database.TryWriteAsync<Image>(async (tx, token) =>
        {
            for (var attempt = 0; attempt < MaxTries; attempt++)
            {
                if ((await FindVisibleAsync(tx, request.Path("image_id"), request.Caller, token)).Failed(out var missing, out var image))
                    return missing;
                if (ImageRules.CheckModify(image, request.Caller, rule) is { } foreign)
                    return foreign;
                if (change(image).Failed(out var refused, out var changed))
                    return refused;

                changed = changed with { UpdatedAt = platform.Clock.GetUtcNow() };
                if (!await ImageStore.UpdateAsync(tx, changed, token))
                    continue;
                await RecordAsync(tx, request.Actor, changed, action, token);
                return changed;
            }

            return new Fault(FaultKind.Conflict, $"Image {request.Path("image_id")} is being changed by others; try again.");
        }, ct);

    public Task RecordAsync(Session tx, Actor actor, Image image, string action, CancellationToken ct) =>
        platform.Changes.AppendAsync(tx, actor, new Change("glance", "image", image.Id, image.Owner, action), ct);
}
