using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.ApplicationCredentials;

/// <summary>Rows of access rules. A user's credentials share them: two equal rules are one.</summary>
internal static class AccessRuleStore
{
    public static readonly Collection<AccessRule> Rules = new(
        "access_rules", "access_rule", "SELECT a.id, a.service, a.method, a.path FROM identity_access_rules a", "a.id",
        static row => new AccessRule(row.String(0), row.String(1), row.String(2), row.String(3)), static rule => rule.Id, AccessRuleJson.WriteMembers);

    /// <summary>Null when the credential has no rules.</summary>
    public static async Task<IReadOnlyList<AccessRule>?> ListOfAsync(Session tx, ApplicationCredential credential, CancellationToken ct)
    {
        if (credential.RuleIds is not { } ids)
            return null;
        var rules = new List<AccessRule>();
        foreach (var id in ids)
        {
            if (await Rules.FindAsync(tx, id, ct) is { } rule)
                rules.Add(rule);
        }

        return rules;
    }

    /// <summary>The user's rule with this id, or one that says the same; null when it is an id the user does not have.</summary>
    public static Task<string?> FindIdAsync(Session tx, string userId, string id, CancellationToken ct) =>
        tx.FindAsync("SELECT id FROM identity_access_rules WHERE user_id = @user AND id = @id", static row => row.String(0), ct, ("user", userId), ("id", id));

    /// <summary>Repeating it answers the same id.</summary>
    public static async Task<string> EnsureAsync(Session tx, string userId, string service, string path, string method, CancellationToken ct)
    {
        Parameter[] values = [("id", Ids.New()), ("user", userId), ("service", service), ("path", path), ("method", method)];
        await tx.ExecuteAsync(
            "INSERT INTO identity_access_rules (id, user_id, service, path, method) VALUES (@id, @user, @service, @path, @method) ON CONFLICT DO NOTHING",
            ct, values);
        return (await tx.FindAsync(
            "SELECT id FROM identity_access_rules WHERE user_id = @user AND service = @service AND path = @path AND method = @method",
            static row => row.String(0), ct, values.AsSpan(1)))!;
    }

    /// <summary>Whether a credential of the user needs it.</summary>
    public static async Task<bool> IsUsedAsync(Session tx, string userId, string id, CancellationToken ct) =>
        (await tx.ListAsync($"{ApplicationCredentialJson.Credentials.Select} WHERE c.user_id = @user", ApplicationCredentialJson.Credentials.Map, ct,
            ("user", userId))).Exists(credential => credential.RuleIds?.Contains(id) == true);
}
