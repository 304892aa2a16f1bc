using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Users;

namespace Appliance.Controller.Identity.Federation.Logins;

/// <summary>Users that live by a provider's word: which they are, and the groups it vouched for when they last logged in.</summary>
internal static class FederatedUserStore
{
    public const string Tables =
        """
        CREATE TABLE identity_federated_users (
            provider_id TEXT NOT NULL, protocol_id TEXT NOT NULL, unique_id TEXT NOT NULL, user_id TEXT NOT NULL,
            PRIMARY KEY (provider_id, protocol_id, unique_id));
        CREATE UNIQUE INDEX identity_federated_users_user ON identity_federated_users (user_id);
        CREATE TABLE identity_federated_groups (
            user_id TEXT NOT NULL, group_id TEXT NOT NULL, expires_at BIGINT NOT NULL, PRIMARY KEY (user_id, group_id));
        CREATE INDEX identity_federated_groups_group ON identity_federated_groups (group_id);
        """;

    /// <summary>
    /// A user may be several people at providers. Where <c>is_home</c>, the user lives by that provider's word: it is gone or barred with it.
    /// Those that administrators linked live on their own.
    /// </summary>
    public const string Links =
        """
        DROP INDEX identity_federated_users_user;
        CREATE INDEX identity_federated_users_user ON identity_federated_users (user_id);
        ALTER TABLE identity_federated_users ADD COLUMN is_home BIGINT NOT NULL DEFAULT 1;
        ALTER TABLE identity_federated_users ADD COLUMN last_login_at BIGINT NOT NULL DEFAULT 0;
        """;

    public static Task<string?> FindUserIdAsync(Session tx, string providerId, string protocolId, string uniqueId, CancellationToken ct) => tx.FindAsync(
        "SELECT user_id FROM identity_federated_users WHERE provider_id = @provider AND protocol_id = @protocol AND unique_id = @unique",
        static row => row.String(0), ct, ("provider", providerId), ("protocol", protocolId), ("unique", uniqueId));

    /// <summary>Makes the user. A name that somebody else in the domain has gets the provider's behind it: it must not become that somebody.</summary>
    public static async Task<string> InsertAsync(
        Session tx, string providerId, string protocolId, string uniqueId, User user, DateTimeOffset now, CancellationToken ct)
    {
        if (!await UserStore.TryInsertAsync(tx, user, now, ct) && !await UserStore.TryInsertAsync(tx, user with { Name = $"{user.Name}@{providerId}" }, now, ct))
            await UserStore.TryInsertAsync(tx, user with { Name = user.Id }, now, ct);
        await tx.ExecuteAsync(
            "INSERT INTO identity_federated_users (provider_id, protocol_id, unique_id, user_id) VALUES (@provider, @protocol, @unique, @user)",
            ct, ("provider", providerId), ("protocol", protocolId), ("unique", uniqueId), ("user", user.Id));
        return user.Id;
    }

    /// <summary>The user is in these groups now, and in no others by this provider's word.</summary>
    public static async Task SetGroupsAsync(Session tx, string userId, IEnumerable<string> groupIds, DateTimeOffset until, CancellationToken ct)
    {
        await tx.ExecuteAsync("DELETE FROM identity_federated_groups WHERE user_id = @user", ct, ("user", userId));
        foreach (var group in groupIds)
            await tx.ExecuteAsync("INSERT INTO identity_federated_groups (user_id, group_id, expires_at) VALUES (@user, @group, @until) ON CONFLICT DO NOTHING",
                ct, ("user", userId), ("group", group), ("until", until));
    }

    /// <summary>
    /// A user that lives by the provider's word is called what the provider calls it now, unless somebody else in the domain is; its e-mail
    /// follows too. Source: keystone/identity/core.py, _shadow_federated_user.
    /// </summary>
    public static async Task FollowAsync(Session tx, string userId, string? name, string? email, CancellationToken ct)
    {
        if (await UserJson.Users.FindAsync(tx, userId, ct) is not { } user
            || await tx.CountAsync("SELECT COUNT(*) FROM identity_federated_users WHERE user_id = @user AND is_home = 1", ct, ("user", userId)) == 0)
            return;
        using var more = JsonDocument.Parse(ExtraOf(email));
        var followed = user with { Extra = Extra.Merge(user.Extra, more.RootElement, UserJson.Known) };
        if (name is not { Length: > 0 } || !await UserStore.TryUpdateAsync(tx, followed with { Name = name }, ct))
            await UserStore.TryUpdateAsync(tx, followed, ct);
    }

    /// <summary>Remembers by which provider's word the user is here.</summary>
    public static Task RecordLoginAsync(Session tx, string providerId, string protocolId, string uniqueId, DateTimeOffset now, CancellationToken ct) =>
        tx.ExecuteAsync(
            """
            UPDATE identity_federated_users SET last_login_at = @now
            WHERE provider_id = @provider AND protocol_id = @protocol AND unique_id = @unique
            """, ct, ("provider", providerId), ("protocol", protocolId), ("unique", uniqueId), ("now", now));

    /// <summary>Voids the tokens of everybody whom the provider vouched for.</summary>
    public static Task VoidTokensAsync(Session tx, string providerId, DateTimeOffset now, CancellationToken ct) => tx.ExecuteAsync(
        "UPDATE identity_users SET tokens_valid_from = @now WHERE id IN (SELECT user_id FROM identity_federated_users WHERE provider_id = @provider)",
        ct, ("provider", providerId), ("now", now));

    public static Task DeleteExpiredGroupsAsync(Session tx, DateTimeOffset now, CancellationToken ct) =>
        tx.ExecuteAsync("DELETE FROM identity_federated_groups WHERE expires_at < @now", ct, ("now", now));

    public static async Task DeleteOfUserAsync(Session tx, string userId, CancellationToken ct)
    {
        await tx.ExecuteAsync("DELETE FROM identity_federated_groups WHERE user_id = @id", ct, ("id", userId));
        await tx.ExecuteAsync("DELETE FROM identity_federated_users WHERE user_id = @id", ct, ("id", userId));
    }

    /// <summary>
    /// Deletes the users that lived by the word of a provider, or of one protocol of it. Of others linked to it the links go, with the groups
    /// it vouched for and their tokens.
    /// </summary>
    /// <param name="protocolId">Null: all.</param>
    public static async Task DeleteOfProviderAsync(Session tx, string providerId, string? protocolId, DateTimeOffset now, CancellationToken ct)
    {
        const string OfProvider = "provider_id = @provider AND (@protocol IS NULL OR protocol_id = @protocol)";
        Parameter[] parameters = [("provider", providerId), ("protocol", protocolId), ("now", now)];
        var linked = await tx.ListAsync(
            $"SELECT user_id, is_home FROM identity_federated_users WHERE {OfProvider}", static row => (Id: row.String(0), IsHome: row.Bool(1)), ct, parameters);
        foreach (var (user, isHome) in linked)
        {
            if (isHome)
                await UserStore.DeleteAsync(tx, user, ct);
            else
                await tx.ExecuteAsync("DELETE FROM identity_federated_groups WHERE user_id = @user", ct, ("user", user));
        }

        await tx.ExecuteAsync(
            $"UPDATE identity_users SET tokens_valid_from = @now WHERE id IN (SELECT user_id FROM identity_federated_users WHERE {OfProvider})", ct, parameters);
        await tx.ExecuteAsync($"DELETE FROM identity_federated_users WHERE {OfProvider}", ct, parameters);
    }

    public static User New(string id, string domainId, string name, string? email) => new(
        id, domainId, name, true, null, Extra.None, ExtraOf(email), null, null);

    private static string ExtraOf(string? email) => email is null ? Extra.None : $$"""{"email":"{{JsonEncodedText.Encode(email)}}"}""";
}
