using Appliance.Controller.Data;

namespace Appliance.Controller.Identity.Trusts;

/// <summary>Rows of trusts.</summary>
internal static class TrustStore
{
    public static Task InsertAsync(Session tx, Trust trust, CancellationToken ct) => tx.ExecuteAsync(
        """
        INSERT INTO identity_trusts (id, trustor_id, trustee_id, project_id, impersonation, expires_at, remaining_uses, redelegated_id,
            redelegation_count, role_ids, extra)
        VALUES (@id, @trustor, @trustee, @project, @impersonation, @expires, @uses, @redelegated, @count, @roles, @extra)
        """, ct, ("id", trust.Id), ("trustor", trust.TrustorId), ("trustee", trust.TrusteeId), ("project", trust.ProjectId),
        ("impersonation", trust.IsImpersonating), ("expires", trust.ExpiresAt), ("uses", trust.RemainingUses), ("redelegated", trust.RedelegatedId),
        ("count", trust.RedelegationCount), ("roles", string.Join(',', trust.RoleIds)), ("extra", trust.Extra));

    /// <summary>Whether there is one of the same people for the same project until the same instant. Without project or end they may repeat.</summary>
    public static async Task<bool> ExistsLikeAsync(Session tx, Trust trust, CancellationToken ct) => await tx.CountAsync(
        """
        SELECT COUNT(*) FROM identity_trusts WHERE trustor_id = @trustor AND trustee_id = @trustee AND project_id = @project
            AND impersonation = @impersonation AND expires_at = @expires
        """, ct, ("trustor", trust.TrustorId), ("trustee", trust.TrusteeId), ("project", trust.ProjectId),
        ("impersonation", trust.IsImpersonating), ("expires", trust.ExpiresAt)) > 0;

    /// <summary>The trust, the one it was made from, and so on to the first; empty when it does not exist.</summary>
    public static async Task<IReadOnlyList<Trust>> ListChainAsync(Session tx, string id, CancellationToken ct)
    {
        var chain = new List<Trust>();
        for (var next = id; next is not null; next = chain[^1].RedelegatedId)
        {
            if (await TrustJson.Trusts.FindAsync(tx, next, ct) is not { } trust)
                return [];
            chain.Add(trust);
        }

        return chain;
    }

    /// <summary>False: it has no use left.</summary>
    public static async Task<bool> TryConsumeAsync(Session tx, string id, CancellationToken ct) => await tx.ExecuteAsync(
        "UPDATE identity_trusts SET remaining_uses = remaining_uses - 1 WHERE id = @id AND remaining_uses > 0", ct, ("id", id)) == 1;

    /// <summary>Deletes it and what was made from it.</summary>
    public static Task DeleteAsync(Session tx, string id, CancellationToken ct) => DeleteTreesAsync(tx, "id = @key", id, ct);

    /// <summary>Deletes the trusts that the user gave or was given, and what was made from them.</summary>
    public static Task DeleteOfUserAsync(Session tx, string userId, CancellationToken ct) =>
        DeleteTreesAsync(tx, "trustor_id = @key OR trustee_id = @key", userId, ct);

    public static Task DeleteOfProjectAsync(Session tx, string projectId, CancellationToken ct) => DeleteTreesAsync(tx, "project_id = @key", projectId, ct);

    /// <summary>Deletes the trusts of a domain's users and projects.</summary>
    public static Task DeleteOfDomainAsync(Session tx, string domainId, CancellationToken ct) => DeleteTreesAsync(tx,
        """
        trustor_id IN (SELECT id FROM identity_users WHERE domain_id = @key) OR trustee_id IN (SELECT id FROM identity_users WHERE domain_id = @key)
            OR project_id IN (SELECT id FROM identity_projects WHERE domain_id = @key)
        """, domainId, ct);

    private static Task DeleteTreesAsync(Session tx, string condition, string key, CancellationToken ct) => tx.ExecuteAsync(
        $"""
        WITH RECURSIVE tree (id) AS (
            SELECT id FROM identity_trusts WHERE {condition}
            UNION SELECT t.id FROM identity_trusts t JOIN tree u ON t.redelegated_id = u.id)
        DELETE FROM identity_trusts WHERE id IN (SELECT id FROM tree)
        """, ct, ("key", key));
}
