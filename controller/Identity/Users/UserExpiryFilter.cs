using Appliance.Controller.Http;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.Users;

/// <summary><c>password_expires_at=lt:2026-01-31T00:00:00Z</c>. Source: keystone/identity/core.py.</summary>
internal static class UserExpiryFilter
{
    public static Fault? Add(CollectionQuery query, string? value)
    {
        if (value is null)
            return null;
        var (operation, time) = value.Split(':', 2) is [var first, var rest] && !char.IsAsciiDigit(first.FirstOrDefault()) ? (first, rest) : ("eq", value);
        if (!DateTimeOffset.TryParseExact(
            time, "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant))
            return IdentityFaults.Invalid(
                "Timestamp not in expected format. The server could not comply with the request since it is either malformed or otherwise "
                + "incorrect. The client is assumed to be in error.");
        var comparison = operation switch { "eq" => "=", "neq" => "<>", "lt" => "<", "lte" => "<=", "gt" => ">", "gte" => ">=", _ => null };
        if (comparison is null)
            return IdentityFaults.Invalid(
                $"The given operator {operation} is not valid. It must be one of the following: 'eq', 'neq', 'lt', 'lte', 'gt', or 'gte'.");
        query.And($"u.password_expires_at {comparison} @expiry", ("expiry", instant));
        return null;
    }
}
