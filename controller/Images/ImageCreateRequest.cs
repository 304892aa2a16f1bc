using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Images;

/// <summary>The body of <c>POST /v2/images</c>. Source: glance/api/v2/images.py <c>RequestDeserializer.create</c>, glance/domain <c>ImageFactory</c>.</summary>
internal static class ImageCreateRequest
{
    public static Outcome<Image> Read(JsonElement body, Caller caller, DateTimeOffset now)
    {
        if (body.ValueKind != JsonValueKind.Object)
            return ImageFaults.Schema("image", $"{PythonText.Repr(body)} is not of type 'object'");
        foreach (var name in ImageSchema.Disallowed)
        {
            if (body.Has(name))
                return new Fault(FaultKind.Forbidden, $"Attribute '{name}' is read-only.");
        }

        if (ImageSchema.Image.Check(body) is { } error)
            return ImageFaults.Schema("image", error.Message);
        if (caller.ProjectId is null)
            return new Fault(FaultKind.Forbidden, "You are not permitted to create images owned by 'None'.");

        var image = Empty(body.StringOrNull("id") ?? Guid.NewGuid().ToString(), caller.ProjectId, now);
        foreach (var member in body.EnumerateObject())
        {
            if (member.NameEquals("id"))
                continue;
            if (CheckName(member.Name) is { } refused)
                return refused;
            if (member.NameEquals("owner") && !caller.IsAdmin && member.Value.GetString() != caller.ProjectId)
                return new Fault(FaultKind.Forbidden, $"You are not permitted to create images owned by '{member.Value.GetString()}'.");
            if (ImageAttributes.Set(image, member.Name, member.Value, caller).Failed(out var fault, out var changed))
                return fault;
            image = changed;
        }

        return ImageRules.CheckLimits(image) is { } tooMany ? tooMany : image;
    }

    private static Fault? CheckName(string name) =>
        ImageSchema.ReadOnly.Contains(name)
            ? new Fault(FaultKind.Forbidden, $"Attribute '{name}' is read-only.")
            : ImageAttributes.CheckName(name);

    private static Image Empty(string id, string owner, DateTimeOffset now) => new(
        id, null, owner, ImageStatus.Queued, ImageVisibility.Shared, false, false, null, null, 0, 0, null, null, null, null, null, [],
        new Dictionary<string, string>(), now, now, 1);
}
