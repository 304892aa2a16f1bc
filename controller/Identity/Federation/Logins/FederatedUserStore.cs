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

    public static Task DeleteExpiredGroupsAsync(Session tx, DateTimeOffset now, CancellationToken ct) =>
        tx.ExecuteAsync("DELETE FROM identity_federated_groups WHERE expires_at < @now", ct, ("now", now));

    public static async Task DeleteOfUserAsync(Session tx, string userId, CancellationToken ct)
    {
        await tx.ExecuteAsync("DELETE FROM identity_federated_groups WHERE user_id = @id", ct, ("id", userId));
        await tx.ExecuteAsync("DELETE FROM identity_federated_users WHERE user_id = @id", ct, ("id", userId));
    }

    /// <summary>Deletes the users that lived by the word of a provider, or of one protocol of it.</summary>
    /// <param name="protocolId">Null: all.</param>
    public static async Task DeleteOfProviderAsync(Session tx, string providerId, string? protocolId, CancellationToken ct)
    {
        var users = await tx.ListAsync(
            "SELECT user_id FROM identity_federated_users WHERE provider_id = @provider AND (@protocol IS NULL OR protocol_id = @protocol)",
            static row => row.String(0), ct, ("provider", providerId), ("protocol", protocolId));
        foreach (var user in users)
            await UserStore.DeleteAsync(tx, user, ct);
    }

    public static User New(string id, string domainId, string name, string? email) => new(
        id, domainId, name, true, null, Extra.None, email is null ? Extra.None : $$"""{"email":"{{System.Text.Json.JsonEncodedText.Encode(email)}}"}""", null, null);
}
