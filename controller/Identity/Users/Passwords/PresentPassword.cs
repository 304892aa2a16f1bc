using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.Users.Passwords;

/// <summary>What stands in the way of a user changing its password itself.</summary>
/// <param name="IsOwn">The user chose the present one itself.</param>
/// <param name="Options">JSON object.</param>
internal sealed record PresentPassword(DateTimeOffset? CreatedAt, bool IsOwn, string Options, IReadOnlyList<string> UsedHashes)
{
    public static async Task<PresentPassword> ReadAsync(Session tx, string userId, PasswordPolicy policy, CancellationToken ct)
    {
        var row = await tx.FindAsync("SELECT password_created_at, password_self_service, options, password_hash FROM identity_users WHERE id = @id",
            static row => (At: row.NullableInstant(0), IsOwn: row.Bool(1), Options: row.String(2), Hash: row.NullableString(3)), ct, ("id", userId));
        return new PresentPassword(row.At, row.IsOwn, row.Options ?? Extra.None, await policy.ListUsedAsync(tx, userId, row.Hash, ct));
    }

    public Fault? CheckMayChange(PasswordPolicy policy, DateTimeOffset now)
    {
        if (ResourceOptions.IsSet(Options, "lock_password"))
            return IdentityFaults.Invalid(
                "You cannot change your password at this time due to password policy disallowing password changes. "
                + "Please contact your administrator to reset your password.");
        return CreatedAt is { } at ? policy.CheckAge(at, IsOwn, now) : null;
    }
}
