using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Identity.Trusts;

/// <summary>How far a trust may reach: no further than who gives it. Source: keystone/trust/core.py, create_trust and _validate_redelegation.</summary>
internal static class TrustRules
{
    /// <summary>The trust as it is to be, with the redelegation depth and end that follow from what it is made from.</summary>
    /// <param name="asked">The body; <paramref name="trust"/> holds the rest of it.</param>
    /// <param name="chain">The trust that the caller acts by, and those above; empty: the caller acts for itself.</param>
    public static Outcome<Trust> Complete(Trust trust, JsonElement asked, IReadOnlyList<Trust> chain, int maxCount)
    {
        var askedCount = asked.Int64OrNull("redelegation_count");
        var canGoOn = asked.BoolOrNull("allow_redelegation") == true && askedCount != 0;
        if (canGoOn && askedCount > maxCount)
            return IdentityFaults.Forbidden();
        if (canGoOn && trust.RemainingUses is not null)
            return IdentityFaults.Invalid("remaining_uses must not be set if redelegation is allowed");
        if (chain is not [var source, ..])
            return trust with { RedelegationCount = canGoOn ? (int)(askedCount ?? maxCount) : 0 };

        var left = source.RedelegationCount - 1;
        if (canGoOn && askedCount is not null && askedCount != left)
            return IdentityFaults.Forbidden();
        var complete = trust with
        {
            RedelegatedId = source.Id,
            RedelegationCount = canGoOn ? left : 0,
            ExpiresAt = trust.ExpiresAt ?? chain.Min(static above => above.ExpiresAt),
        };
        return chain.All(above => Allows(above, complete, maxCount)) ? complete : IdentityFaults.Forbidden();
    }

    private static bool Allows(Trust above, Trust trust, int maxCount) =>
        above.RedelegationCount > 0 && above.RedelegationCount <= maxCount
        && trust.RemainingUses is null
        && (above.ExpiresAt is not { } end || trust.ExpiresAt <= end)
        && trust.RoleIds.All(above.RoleIds.Contains)
        && (above.IsImpersonating || !trust.IsImpersonating);
}
