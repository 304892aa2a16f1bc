using Appliance.Controller.Identity.Settings;

namespace Appliance.Controller.Tests.Identity;

public class SettingsTests
{
    [Fact]
    public void Keystones_own_file_is_read()
    {
        var settings = Read("""
            # how keystone.conf looks
            [security_compliance]
            lockout_failure_attempts = 3
            lockout_duration=60
            password_regex = ^(?=.*\d).{7,}$
            change_password_upon_first_use = True

            [unified_limit]
            enforcement_model = strict_two_level
            """);

        Assert.Equal(3, settings.SecurityCompliance.LockoutFailureAttempts);
        Assert.Equal(TimeSpan.FromMinutes(1), settings.SecurityCompliance.LockoutDuration);
        Assert.True(settings.SecurityCompliance.ChangePasswordUponFirstUse);
        Assert.Matches(settings.SecurityCompliance.PasswordRegex!, "password1");
        Assert.Equal("strict_two_level", settings.UnifiedLimit.EnforcementModel);
        Assert.Equal(3, settings.Trust.MaxRedelegationCount);
    }

    [Fact]
    public void Federation_is_told_whom_to_trust()
    {
        var federation = Read("""
            [federation]
            trusted_dashboard = https://one.example/auth/websso/
            trusted_dashboard = https://two.example/auth/websso/
            openid_clients = corp, lab
            [openid:corp]
            client_id = appliance
            client_secret = not for logs
            [openid:lab]
            issuer = https://lab.example
            client_id = appliance-lab
            scope = openid groups
            """).Federation;

        Assert.Equal(["https://one.example/auth/websso/", "https://two.example/auth/websso/"], federation.TrustedDashboards);
        Assert.Equal(new OpenIdClientSettings("corp", null, "appliance", "not for logs", "openid email profile"), federation.Clients[0]);
        Assert.Equal(new OpenIdClientSettings("lab", "https://lab.example", "appliance-lab", null, "openid groups"), federation.Clients[1]);
        Assert.DoesNotContain("not for logs", $"{federation.Clients[0]}", StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_with_a_placeholder_that_there_is_not_is_refused()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "<form action='$host'>$password");
            Assert.Contains("there is no placeholder $password",
                Assert.Throws<FormatException>(() => Read($"[federation]\nsso_callback_template = {path}")).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("[federation]\nopenid_clients = corp", "[openid:corp]: client_id is missing")]
    [InlineData("[federation]\nopenid_clients = corp\n[openid:corp]\nclient_id = a\nscope = email", "is without openid")]
    [InlineData("[openid:corp]\nclient_id = a", "there is no option client_id in [openid:corp]")]
    [InlineData("[federation]\nsso_callback_template = /nowhere/at/all", "sso_callback_template: /nowhere/at/all")]
    [InlineData("[saml]\ncertfile = /a", "certfile and keyfile go together")]
    [InlineData("[saml]\nidp_contact_type = boss", "is none of other")]
    [InlineData("[security_compliance]\nlockout_failure_attempt = 3", "conf:2: there is no option lockout_failure_attempt in [security_compliance]")]
    [InlineData("[security_compliance]\nlockout_duration = soon", "is not an integer")]
    [InlineData("[security_compliance]\npassword_regex = (", "conf:2: password_regex")]
    [InlineData("[unified_limit]\nenforcement_model = round", "is none of flat, strict_two_level")]
    [InlineData("[security_compliance", "a section is written [name]")]
    [InlineData("lockout_duration = 1", "neither [section] nor option = value")]
    [InlineData("  more", "no option to go on with")]
    public void A_mistake_is_told_with_its_line(string text, string words) =>
        Assert.Contains(words, Assert.Throws<FormatException>(() => Read(text)).Message, StringComparison.Ordinal);

    private static IdentitySettings Read(string text) => IdentitySettings.Read(SettingsFile.Read(new StringReader(text), "conf"));
}
