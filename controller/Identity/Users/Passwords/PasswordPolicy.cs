using System.Text.RegularExpressions;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Auth;
using Appliance.Controller.Identity.Passwords;
using Appliance.Controller.Identity.Settings;

namespace Appliance.Controller.Identity.Users.Passwords;

/// <summary>What the site demands of passwords. Source: keystone/identity/backends/sql.py, keystone/common/validation/validators.py.</summary>
internal sealed class PasswordPolicy(SecurityCompliance settings)
{
    public const string Tables =
        """
        ALTER TABLE identity_users ADD COLUMN password_self_service BIGINT NOT NULL DEFAULT 0;
        CREATE TABLE identity_password_history (user_id TEXT NOT NULL, created_at BIGINT NOT NULL, hash TEXT NOT NULL);
        CREATE INDEX identity_password_history_user ON identity_password_history (user_id);
        """;

    /// <summary>Whether the password is what the site wants passwords to look like.</summary>
    public Fault? CheckStrength(string password)
    {
        try
        {
            return settings.PasswordRegex?.IsMatch(password) != false
                ? null
                : IdentityFaults.Invalid($"The password does not match the requirements: {settings.PasswordRegexDescription ?? "None"}.");
        }
        catch (RegexMatchTimeoutException)
        {
            return IdentityFaults.Invalid("Password validation error: Unable to validate password due to invalid configuration.");
        }
    }

    /// <summary>When a password that is set now must be changed; null: never.</summary>
    /// <param name="isOwn">The user chose it itself.</param>
    public DateTimeOffset? ExpiryOf(LoginOptions options, DateTimeOffset now, bool isOwn)
    {
        if (!isOwn && settings.ChangePasswordUponFirstUse && !options.IgnoresFirstUse)
            return now;
        if (settings.PasswordExpiresDays is not { } days || options.IgnoresPasswordExpiry)
            return null;
        var end = now + TimeSpan.FromDays(days);
        return new DateTimeOffset(end.Ticks - (end.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
    }

    /// <summary>A password that its user chose must be kept for a while, or the history would be no hindrance.</summary>
    public Fault? CheckAge(DateTimeOffset createdAt, bool isOwn, DateTimeOffset now)
    {
        var end = createdAt + TimeSpan.FromDays(settings.MinimumPasswordAge);
        return isOwn && now < end
            ? IdentityFaults.Invalid(
                "You cannot change your password at this time due to the minimum password age. Once you change your password, it must be used for "
                + $"{settings.MinimumPasswordAge} day(s) before it can be changed. Please try again in {(end - now).Days} day(s) or contact your "
                + "administrator to reset your password.")
            : null;
    }

    /// <summary>The passwords that a new one must differ from, the present one first.</summary>
    public async Task<IReadOnlyList<string>> ListUsedAsync(Session tx, string userId, string? presentHash, CancellationToken ct)
    {
        if (settings.UniqueLastPasswordCount == 0)
            return [];
        var earlier = await tx.ListAsync(
            "SELECT hash FROM identity_password_history WHERE user_id = @user ORDER BY created_at DESC LIMIT @count", static row => row.String(0), ct,
            ("user", userId), ("count", settings.UniqueLastPasswordCount - 1));
        return presentHash is null ? earlier : [presentHash, .. earlier];
    }

    /// <summary>Whether the password is none of the used ones; hashes once for each.</summary>
    public async Task<Fault?> CheckUnusedAsync(string password, IReadOnlyList<string> usedHashes, CancellationToken ct)
    {
        foreach (var hash in usedHashes)
        {
            if (await PasswordHasher.VerifyAsync(password, hash, ct))
                return IdentityFaults.Invalid(
                    "The new password cannot be identical to a previous password. The total number which includes the new password must be unique is "
                    + $"{settings.UniqueLastPasswordCount}.");
        }

        return null;
    }

    /// <summary>Keeps the present password among the used ones before another takes its place, as long as it matters.</summary>
    public async Task KeepAsync(Session tx, string userId, string? presentHash, DateTimeOffset now, CancellationToken ct)
    {
        if (settings.UniqueLastPasswordCount < 2 || presentHash is null)
            return;
        await tx.ExecuteAsync("INSERT INTO identity_password_history (user_id, created_at, hash) VALUES (@user, @now, @hash)", ct,
            ("user", userId), ("now", now), ("hash", presentHash));
        await tx.ExecuteAsync(
            """
            DELETE FROM identity_password_history WHERE user_id = @user AND created_at NOT IN
                (SELECT created_at FROM identity_password_history WHERE user_id = @user ORDER BY created_at DESC LIMIT @count)
            """, ct, ("user", userId), ("count", settings.UniqueLastPasswordCount - 1));
    }
}
