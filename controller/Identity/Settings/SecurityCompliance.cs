using System.Text.RegularExpressions;

namespace Appliance.Controller.Identity.Settings;

/// <summary>
/// <c>[security_compliance]</c>: what sites under PCI-DSS and the like demand of passwords. Null, zero and false mean that the demand is not
/// made, and nothing is by default. Source: keystone/conf/security_compliance.py.
/// </summary>
internal sealed record SecurityCompliance
{
    /// <summary>Days without a login after which a user counts as disabled.</summary>
    public int? DisableUserAccountDaysInactive { get; init; }

    /// <summary>Wrong passwords in a row after which a user is locked.</summary>
    public int? LockoutFailureAttempts { get; init; }

    /// <summary>How long a lock lasts; in seconds in the file.</summary>
    public TimeSpan LockoutDuration { get; init; } = TimeSpan.FromSeconds(1800);

    public int? PasswordExpiresDays { get; init; }

    /// <summary>How many passwords, the new one included, must differ; 0: they may be the same.</summary>
    public int UniqueLastPasswordCount { get; init; }

    /// <summary>Days a password must be kept before its user may change it.</summary>
    public int MinimumPasswordAge { get; init; }

    /// <summary>As written in the file.</summary>
    public string? PasswordRegexText { get; init; }

    /// <summary>What the beginning of a password must match.</summary>
    public Regex? PasswordRegex { get; init; }

    /// <summary>The demand of <see cref="PasswordRegex"/> in words.</summary>
    public string? PasswordRegexDescription { get; init; }

    /// <summary>A password that an administrator set must be changed before it can be used.</summary>
    public bool ChangePasswordUponFirstUse { get; init; }

    public static SecurityCompliance Read(SettingsSection section) => new()
    {
        DisableUserAccountDaysInactive = section.Integer("disable_user_account_days_inactive", 1),
        LockoutFailureAttempts = section.Integer("lockout_failure_attempts", 1),
        LockoutDuration = TimeSpan.FromSeconds(section.Integer("lockout_duration", 1) ?? 1800),
        PasswordExpiresDays = section.Integer("password_expires_days", 1),
        UniqueLastPasswordCount = section.Integer("unique_last_password_count", 0) ?? 0,
        MinimumPasswordAge = section.Integer("minimum_password_age", 0) ?? 0,
        PasswordRegexText = section.Text("password_regex"),
        PasswordRegex = section.Pattern("password_regex"),
        PasswordRegexDescription = section.Text("password_regex_description"),
        ChangePasswordUponFirstUse = section.Flag("change_password_upon_first_use", false),
    };
}
