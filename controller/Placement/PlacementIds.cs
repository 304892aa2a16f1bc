using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Placement;

/// <summary>UUIDs of clients, in all the spellings that Python's <c>uuid.UUID</c> takes.</summary>
internal static class PlacementIds
{
    /// <summary>Pattern of the keys of objects by UUID: looser than a UUID, as the real service's.</summary>
    public const string KeyPattern = "^[0-9a-fA-F-]{36}$";

    public static JsonSchema Schema => JsonSchema.String().Format("uuid", IsUuid);

    /// <summary>Source: oslo_utils/uuidutils.py is_uuid_like.</summary>
    public static bool IsUuid(string text) => Find(text) is not null;

    /// <summary>The UUID with dashes, in lower case; null when it is none.</summary>
    public static string? Find(string text)
    {
        var digits = text.Replace("urn:", "", StringComparison.Ordinal).Replace("uuid:", "", StringComparison.Ordinal)
            .Trim('{', '}').Replace("-", "", StringComparison.Ordinal);
        return Guid.TryParseExact(digits, "N", out var id) ? id.ToString() : null;
    }
}
