using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Federation.IdentityProviders;
using Appliance.Controller.Identity.Federation.Protocols;

namespace Appliance.Controller.Identity.Users;

/// <summary>Which users are whom at which identity provider. Source: keystone/identity/core.py, keystone/identity/shadow_backends/sql.py.</summary>
internal static class FederatedLinkStore
{
    private static readonly (string Name, string Column)[] Filters =
        [("idp_id", "provider_id"), ("protocol_id", "protocol_id"), ("unique_id", "unique_id")];

    public static async Task<IReadOnlyList<FederatedLink>> ListAsync(Session tx, string userId, CancellationToken ct) => await tx.ListAsync(
        "SELECT provider_id, protocol_id, unique_id FROM identity_federated_users WHERE user_id = @user ORDER BY provider_id, protocol_id, unique_id",
        static row => new FederatedLink(row.String(0), row.String(1), row.String(2)), ct, ("user", userId));

    /// <summary>The user has these links and no others. Who lives by a provider's word lives by that of the first link from now on.</summary>
    /// <returns>400 for a provider or protocol that is not there, 409 for somebody who is another user already.</returns>
    public static async Task<Fault?> ReplaceAsync(Session tx, string userId, IReadOnlyList<FederatedLink> links, CancellationToken ct)
    {
        foreach (var link in links)
        {
            if (await IdentityProviderJson.FindAsync(tx, link.ProviderId, ct) is null)
                return IdentityFaults.Invalid($"Could not find Identity Provider: {link.ProviderId}");
            if (await ProtocolRoutes.FindAsync(tx, link.ProviderId, link.ProtocolId, ct) is null)
                return IdentityFaults.Invalid($"Could not find federated protocol {link.ProtocolId} for Identity Provider: {link.ProviderId}.");
        }

        var hasHome = await tx.CountAsync("SELECT COUNT(*) FROM identity_federated_users WHERE user_id = @user AND is_home = 1", ct, ("user", userId)) > 0;
        await tx.ExecuteAsync("DELETE FROM identity_federated_users WHERE user_id = @user", ct, ("user", userId));
        foreach (var (index, link) in links.Index())
        {
            if (await tx.ExecuteAsync(
                """
                INSERT INTO identity_federated_users (provider_id, protocol_id, unique_id, user_id, is_home)
                VALUES (@provider, @protocol, @unique, @user, @home) ON CONFLICT DO NOTHING
                """, ct, ("provider", link.ProviderId), ("protocol", link.ProtocolId), ("unique", link.UniqueId), ("user", userId),
                ("home", hasHome && index == 0)) == 0)
                return IdentityFaults.Conflict("federated_user", "Duplicate entry");
        }

        return null;
    }

    /// <summary><c>idp_id</c>, <c>protocol_id</c> and <c>unique_id</c> of a list of users: those with a link that fits all that are given.</summary>
    public static void AddFilters(CollectionQuery query, ApiRequest request)
    {
        var given = Filters.Where(filter => request.QueryValue(filter.Name) is not null).ToArray();
        if (given.Length > 0)
            query.And(
                $"u.id IN (SELECT user_id FROM identity_federated_users WHERE {string.Join(" AND ", given.Select(static filter => $"{filter.Column} = @{filter.Name}"))})",
                [.. given.Select(filter => (Parameter)(filter.Name, request.QueryValue(filter.Name)))]);
    }
}
