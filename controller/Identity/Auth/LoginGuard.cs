using Appliance.Controller.Data;
using Appliance.Controller.Identity.Settings;

namespace Appliance.Controller.Identity.Auth;

/// <summary>
/// Locks users out after wrong passwords in a row, and disables those who have not logged in for long, where the site demands it. A locked
/// user is refused in the words of a wrong password, whether or not this one was right: the lock tells nobody who exists.
/// Source: keystone/identity/backends/sql.py; advisory OSSA-2021-003.
/// </summary>
internal sealed class LoginGuard(IdentityDatabase database, SecurityCompliance settings, TimeProvider clock)
{
    public const string Tables =
        """
        CREATE TABLE identity_login_states (
            user_id TEXT PRIMARY KEY, failed_count BIGINT NOT NULL, failed_at BIGINT, last_active_at BIGINT);
        """;

    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    // Whose failures are counted when nobody's are to be: refusing costs the same write whoever was asked for.
    private const string Nobody = "";

    /// <summary>Why the user must not log in now, whatever it proves, in words for the audit trail; null: it may. One that does not exist must
    /// not, after the same look.</summary>
    public async ValueTask<string?> FindBarAsync(LoginUser? user, CancellationToken ct)
    {
        const string NoSuchUser = "no such user";
        if (settings.LockoutFailureAttempts is null && settings.DisableUserAccountDaysInactive is null)
            return user is null ? NoSuchUser : null;
        if (user is null)
        {
            await database.ReadAsync((tx, token) => FindAsync(tx, Nobody, token), ct);
            return NoSuchUser;
        }

        var state = await database.ReadAsync((tx, token) => FindAsync(tx, user.Id, token), ct);
        var now = clock.GetUtcNow();
        if (IsLocking(user) && state.FailedCount >= settings.LockoutFailureAttempts && now < state.FailedAt + settings.LockoutDuration)
            return $"Maximum number of {settings.LockoutFailureAttempts} login attempts exceeded.";
        return IsAging(user) && IsInactive(state.LastActiveAt ?? user.CreatedAt, now) ? "the user has been inactive for too long" : null;
    }

    /// <summary>
    /// Counts a wrong proof. The first after a lock has run out counts as one. Where the site locks users out, users that do not exist, are
    /// barred or are never locked cost the same: a write to a row that is nobody's.
    /// </summary>
    /// <param name="user">Null: there is no such user, or it is barred already.</param>
    public async ValueTask RecordFailureAsync(LoginUser? user, CancellationToken ct)
    {
        if (settings.LockoutFailureAttempts is null)
            return;
        var now = clock.GetUtcNow();
        var counted = user is not null && IsLocking(user) ? user.Id : Nobody;
        await database.WriteUncachedAsync((tx, token) => tx.ExecuteAsync(
            """
            INSERT INTO identity_login_states (user_id, failed_count, failed_at) VALUES (@user, 1, @now)
            ON CONFLICT (user_id) DO UPDATE SET
                failed_count = CASE WHEN identity_login_states.failed_count >= @most AND identity_login_states.failed_at < @ended
                    THEN 1 ELSE identity_login_states.failed_count + 1 END,
                failed_at = excluded.failed_at
            """, token, ("user", counted), ("now", now), ("most", settings.LockoutFailureAttempts), ("ended", now - settings.LockoutDuration)), ct);
    }

    public async ValueTask RecordSuccessAsync(LoginUser user, CancellationToken ct)
    {
        if (!IsLocking(user) && !IsAging(user))
            return;
        var state = await database.ReadAsync((tx, token) => FindAsync(tx, user.Id, token), ct);
        var now = clock.GetUtcNow();
        if (state.FailedCount == 0 && (!IsAging(user) || now - state.LastActiveAt < Day))
            return;
        await database.WriteUncachedAsync((tx, token) => ResetAsync(tx, user.Id, now, token), ct);
    }

    /// <summary>Forgets failures, and counts the user as active now: it was enabled, or logged in.</summary>
    public static Task ResetAsync(Session tx, string userId, DateTimeOffset now, CancellationToken ct) => tx.ExecuteAsync(
        """
        INSERT INTO identity_login_states (user_id, failed_count, last_active_at) VALUES (@user, 0, @now)
        ON CONFLICT (user_id) DO UPDATE SET failed_count = 0, failed_at = NULL, last_active_at = excluded.last_active_at
        """, ct, ("user", userId), ("now", now));

    /// <summary>Disables users that have been inactive for too long, so that the API shows them so; safe to repeat.</summary>
    public async Task DisableInactiveAsync(CancellationToken ct)
    {
        if (settings.DisableUserAccountDaysInactive is not { } days)
            return;
        var now = clock.GetUtcNow();
        await database.WriteAsync(async (tx, token) =>
        {
            var inactive = await tx.ListAsync(
                """
                SELECT u.id, u.options FROM identity_users u LEFT JOIN identity_login_states s ON s.user_id = u.id
                WHERE u.enabled = 1 AND u.mirrored = '' AND COALESCE(s.last_active_at, u.created_at) < @since
                """, static row => (Id: row.String(0), Options: LoginOptions.Parse(row.String(1))), token, ("since", now - TimeSpan.FromDays(days)));
            foreach (var (id, options) in inactive)
            {
                if (options.IgnoresInactivity)
                    continue;
                await tx.ExecuteAsync("UPDATE identity_users SET enabled = 0, tokens_valid_from = @now WHERE id = @id", token, ("id", id), ("now", now));
                await database.LogAsync(tx, Actor.System, "user", id, "disable_inactive", token);
            }
        }, ct);
    }

    // Directories lock and age their users themselves.
    private bool IsLocking(LoginUser user) => !user.IsMirrored && settings.LockoutFailureAttempts is not null && !user.Options.IgnoresLockout;

    private bool IsAging(LoginUser user) => !user.IsMirrored && settings.DisableUserAccountDaysInactive is not null && !user.Options.IgnoresInactivity;

    private bool IsInactive(DateTimeOffset lastActive, DateTimeOffset now) => now - lastActive >= settings.DisableUserAccountDaysInactive * Day;

    private static Task<(long FailedCount, DateTimeOffset? FailedAt, DateTimeOffset? LastActiveAt)> FindAsync(Session tx, string userId, CancellationToken ct) =>
        tx.FindAsync("SELECT failed_count, failed_at, last_active_at FROM identity_login_states WHERE user_id = @user",
            static row => (row.Int64(0), row.NullableInstant(1), row.NullableInstant(2)), ct, ("user", userId));
}
