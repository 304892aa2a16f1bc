using System.Text.Json;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Identity.Auth;

/// <summary>What a user's options say about its logins. Source: keystone/identity/backends/resource_options.py.</summary>
/// <param name="FactorRules">Sets of methods of which one must be used whole; empty: any method will do.</param>
internal sealed record LoginOptions(
    bool IgnoresLockout, bool IgnoresInactivity, bool IgnoresPasswordExpiry, bool IgnoresFirstUse, IReadOnlyList<IReadOnlyList<string>> FactorRules)
{
    public static readonly LoginOptions None = new(false, false, false, false, []);

    /// <param name="options">JSON object.</param>
    public static LoginOptions Parse(string options)
    {
        if (options.Length <= 2)
            return None;
        using var document = JsonDocument.Parse(options);
        var root = document.RootElement;
        var rules = root.Member("multi_factor_auth_rules") is { ValueKind: JsonValueKind.Array } given && root.BoolOrNull("multi_factor_auth_enabled") != false
            ? given.EnumerateArray().Select(static rule => (IReadOnlyList<string>)[.. rule.EnumerateArray().Select(static method => method.GetString()!)])
            : [];
        return new LoginOptions(
            root.BoolOrNull("ignore_lockout_failure_attempts") == true, root.BoolOrNull("ignore_user_inactivity") == true,
            root.BoolOrNull("ignore_password_expiry") == true, root.BoolOrNull("ignore_change_password_upon_first_use") == true, [.. rules]);
    }
}
