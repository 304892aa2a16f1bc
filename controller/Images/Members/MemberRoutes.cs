using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Images.Members;

/// <summary>Sharing images with other projects. Source: glance/api/v2/image_members.py.</summary>
internal sealed class MemberRoutes(Platform platform, ImageLookup images)
{
    private static readonly string[] Statuses = ["pending", "accepted", "rejected"];

    public void Map(ApiRoutes v2)
    {
        v2.Get("/images/{image_id}/members", ListAsync).Allow("get_members");
        v2.Post("/images/{image_id}/members", CreateAsync).Allow("add_member");
        v2.Get("/images/{image_id}/members/{member_id}", ShowAsync).Allow("get_member");
        v2.Put("/images/{image_id}/members/{member_id}", UpdateAsync).Allow("modify_member");
        v2.Delete("/images/{image_id}/members/{member_id}", DeleteAsync).Allow("delete_member");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        var outcome = await platform.Database.ReadAsync<Outcome<List<Member>>>(async (tx, token) =>
        {
            if ((await ImageLookup.FindVisibleAsync(tx, request.Path("image_id"), request.Caller, token)).Failed(out var missing, out var image))
                return missing;
            if (CheckShared(image) is { } notShared)
                return notShared;
            var members = await MemberStore.ListAsync(tx, image.Id, token);
            // A member learns of nobody but itself.
            if (!MayManage(image, request.Caller))
                members.RemoveAll(member => member.MemberId != request.Caller.ProjectId);
            return members;
        }, ct);
        if (outcome.Failed(out var fault, out var list))
            return fault;

        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("members"u8);
            foreach (var member in list)
                Write(json, member);
            json.WriteEndArray();
            json.WriteString("schema"u8, "/v2/schemas/members");
            json.WriteEndObject();
        });
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var outcome = await platform.Database.ReadAsync((tx, token) => FindAsync(tx, request, token), ct);
        return outcome.Failed(out var fault, out var found) ? fault : ApiResult.Ok(json => Write(json, found.Member));
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var badBody, out var body))
            return badBody.Code == Body.EmptyBody ? ImageFaults.NoBody : badBody;
        if (body.StringOrNull("member") is not { Length: > 0 } memberId)
            return new Fault(FaultKind.Invalid, body.Has("member") ? "Member can't be empty" : "Member to be added not specified");

        var now = platform.Clock.GetUtcNow();
        var outcome = await platform.Database.TryWriteAsync<Member>(async (tx, token) =>
        {
            if ((await ImageLookup.FindVisibleAsync(tx, request.Path("image_id"), request.Caller, token)).Failed(out var missing, out var image))
                return missing;
            if (CheckShared(image) is { } notShared)
                return notShared;
            if (ImageRules.CheckModify(image, request.Caller, "add_member") is { } foreign)
                return foreign;
            if ((await MemberStore.ListAsync(tx, image.Id, token)).Count >= ImageRules.MaxMembers)
                return new Fault(FaultKind.TooLarge, "The limit has been exceeded on the number of allowed image members for this image. " +
                    $"Attempted: {ImageRules.MaxMembers + 1}, Maximum: {ImageRules.MaxMembers}");

            var member = new Member(image.Id, memberId, "pending", now, now);
            if (!await MemberStore.InsertAsync(tx, member, token))
                return new Fault(FaultKind.Conflict, $"The target member {memberId} is already associated with image {image.Id}.");
            await images.RecordAsync(tx, request.Actor, image, "share", token);
            return member;
        }, ct);
        return outcome.Failed(out var fault, out var created) ? fault : ApiResult.Ok(json => Write(json, created));
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var badBody, out var body))
            return badBody.Code == Body.EmptyBody ? ImageFaults.NoBody : badBody;
        if (body.Member("status") is not { } status)
            return new Fault(FaultKind.Invalid, "Status not specified");
        if (status.ValueKind != JsonValueKind.String || !Statuses.Contains(status.GetString()))
            return ImageFaults.Schema("member", $"{PythonText.Repr(status)} is not one of ['pending', 'accepted', 'rejected']");

        var outcome = await platform.Database.TryWriteAsync<Member>(async (tx, token) =>
        {
            if ((await FindAsync(tx, request, token)).Failed(out var missing, out var found))
                return missing;
            // The owner offers; only the member itself decides.
            if (!request.Caller.IsAdmin && found.Member.MemberId != request.Caller.ProjectId)
                return new Fault(FaultKind.Forbidden, "You are not permitted to modify 'status' on this image member.");

            var changed = found.Member with { Status = status.GetString()!, UpdatedAt = platform.Clock.GetUtcNow() };
            await MemberStore.UpdateAsync(tx, changed, token);
            await images.RecordAsync(tx, request.Actor, found.Image, "share", token);
            return changed;
        }, ct);
        return outcome.Failed(out var fault, out var updated) ? fault : ApiResult.Ok(json => Write(json, updated));
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        var fault = await platform.Database.TryWriteAsync(async (tx, token) =>
        {
            if ((await FindAsync(tx, request, token)).Failed(out var missing, out var found))
                return missing;
            if (ImageRules.CheckModify(found.Image, request.Caller, "delete_member") is { } foreign)
                return foreign;
            await MemberStore.DeleteAsync(tx, found.Image.Id, found.Member.MemberId, token);
            await images.RecordAsync(tx, request.Actor, found.Image, "unshare", token);
            return null;
        }, ct);
        return fault is not null ? fault : ApiResult.NoContent;
    }

    private static async Task<Outcome<(Image Image, Member Member)>> FindAsync(Session tx, ApiRequest request, CancellationToken ct)
    {
        var memberId = request.Path("member_id");
        if ((await ImageLookup.FindVisibleAsync(tx, request.Path("image_id"), request.Caller, ct)).Failed(out var missing, out var image))
            return missing;
        if (CheckShared(image) is { } notShared)
            return notShared;
        if (await MemberStore.FindAsync(tx, image.Id, memberId, ct) is not { } member
            || (!MayManage(image, request.Caller) && memberId != request.Caller.ProjectId))
            return new Fault(FaultKind.NotFound, $"{memberId} not found in the member list of the image {image.Id}.");
        return (image, member);
    }

    private static bool MayManage(Image image, Caller caller) => caller.IsAdmin || image.Owner == caller.ProjectId;

    private static Fault? CheckShared(Image image) => image.Visibility == ImageVisibility.Shared
        ? null
        : new Fault(FaultKind.Forbidden, "Only shared images have members.");

    private static void Write(Utf8JsonWriter json, Member member)
    {
        json.WriteStartObject();
        json.WriteString("member_id"u8, member.MemberId);
        json.WriteString("image_id"u8, member.ImageId);
        json.WriteString("status"u8, member.Status);
        json.WriteString("created_at"u8, Timestamps.Seconds(member.CreatedAt));
        json.WriteString("updated_at"u8, Timestamps.Seconds(member.UpdatedAt));
        json.WriteString("schema"u8, "/v2/schemas/member");
        json.WriteEndObject();
    }
}
