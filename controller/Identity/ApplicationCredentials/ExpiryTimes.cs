using Appliance.Controller.Http;

namespace Appliance.Controller.Identity.ApplicationCredentials;

/// <param name="At">Null: never.</param>
internal readonly record struct Expiry(DateTimeOffset? At);

/// <summary><c>expires_at</c> of bodies. Source: keystone/common/utils.py, parse_expiration_date.</summary>
internal static class ExpiryTimes
{
    private const string ClientError =
        " The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.";

    private static readonly string[] Formats =
        ["yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFF", "yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'"];

    public static Outcome<Expiry> Read(string? text, DateTimeOffset now)
    {
        if (string.IsNullOrEmpty(text))
            return new Expiry(null);
        if (!DateTimeOffset.TryParseExact(
            text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at))
            return IdentityFaults.Invalid("Timestamp not in expected format." + ClientError);
        return at > now ? new Expiry(at) : IdentityFaults.Invalid("The 'expires_at' must not be before now." + ClientError);
    }
}
