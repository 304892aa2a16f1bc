using Appliance.Controller.Identity.Settings;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

public class DomainConfigTests
{
    private const string Whole = """{"config": {"identity": {"driver": "ldap"}, "ldap": {"url": "ldap://host", "password": "open sesame"} } }""";

    [Fact]
    public async Task A_domain_has_options_of_its_own_and_never_tells_the_password()
    {
        await using var cloud = await TestCloud.StartAsync();
        var path = $"{V3}/domains/{await cloud.CreateAsync("domains", "domain", new() { ["name"] = "d" })}/config";
        (await cloud.GetAsync(path)).ShouldBeFault(404, "error", "Could not find any options in domain configuration");

        var made = (await cloud.PutAsync(path, Whole)).ShouldBe(201);
        (await cloud.PutAsync(path, Whole)).ShouldBe(200);

        Assert.DoesNotContain("sesame", made.Text, StringComparison.Ordinal);
        Assert.Equal("ldap://host", (string?)(await cloud.GetAsync($"{path}/ldap/url")).ShouldBe(200).Json["config"]!["url"]);
        Assert.Equal("ldap", (string?)(await cloud.GetAsync($"{path}/identity")).ShouldBe(200).Json["config"]!["identity"]!["driver"]);
        (await cloud.GetAsync($"{path}/ldap/password")).ShouldBeFault(404, "error", "Could not find option password in group ldap in domain configuration");
        var database = string.Concat(Directory.GetFiles(cloud.DataFolder, "appliance.db*").Select(static file => File.ReadAllText(file)));
        Assert.DoesNotContain("sesame", database, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Parts_are_changed_and_deleted_alone()
    {
        await using var cloud = await TestCloud.StartAsync();
        var path = $"{V3}/domains/{await cloud.CreateAsync("domains", "domain", new() { ["name"] = "d" })}/config";
        (await cloud.PutAsync(path, Whole)).ShouldBe(201);

        var changed = (await cloud.PatchAsync($"{path}/ldap/url", """{"config": {"url": "ldap://other"} }""")).ShouldBe(200);
        (await cloud.PatchAsync($"{path}/ldap", """{"config": {"ldap": {"user": "cn=u"} } }""")).ShouldBe(200);
        (await cloud.PatchAsync($"{path}/ldap/suffix", """{"config": {"suffix": "dc=x"} }"""))
            .ShouldBeFault(404, "error", "Could not find option suffix in group ldap");
        (await cloud.PatchAsync($"{path}/ldap", """{"config": {"identity": {"driver": "sql"} } }"""))
            .ShouldBeFault(403, "error", "request to update group ldap, but config provided contains group identity instead");
        (await cloud.DeleteAsync($"{path}/identity")).ShouldBe(204);
        (await cloud.DeleteAsync($"{path}/identity")).ShouldBe(404);

        Assert.Equal("ldap://other", (string?)changed.Json["config"]!["ldap"]!["url"]);
        Assert.Equal("cn=u", (string?)(await cloud.GetAsync(path)).Json["config"]!["ldap"]!["user"]);
        Assert.Null((await cloud.GetAsync(path)).Json["config"]!["identity"]);
        (await cloud.DeleteAsync(path)).ShouldBe(204);
        (await cloud.GetAsync(path)).ShouldBe(404);
    }

    [Theory]
    [InlineData("{}", "No options specified")]
    [InlineData("""{"token": {"expiration": 1}}""", "Group token is not supported for domain specific configurations")]
    [InlineData("""{"ldap": {"sesame": 1}}""", "Option sesame in group ldap is not supported for domain specific configurations")]
    [InlineData("""{"ldap": 1}""", "The value of group ldap specified in the config should be a dictionary of options")]
    public async Task What_no_domain_can_have_is_refused(string config, string words)
    {
        await using var cloud = await TestCloud.StartAsync();
        (await cloud.PutAsync($"{V3}/domains/default/config", $$"""{"config": {{config}}}"""))
            .ShouldBeFault(403, "error", $"Invalid domain specific configuration: {words}.");
    }

    [Fact]
    public async Task Defaults_are_shown_by_group_and_option()
    {
        await using var cloud = await TestCloud.StartAsync();
        Assert.Equal("sql", (string?)(await cloud.GetAsync($"{V3}/domains/config/default")).ShouldBe(200).Json["config"]!["identity"]!["driver"]);
        Assert.Equal(10, (int)(await cloud.GetAsync($"{V3}/domains/config/ldap/default")).ShouldBe(200).Json["config"]!["ldap"]!["pool_size"]!);
        Assert.Equal("sql", (string?)(await cloud.GetAsync($"{V3}/domains/config/identity/driver/default")).ShouldBe(200).Json["config"]!["driver"]);
        (await cloud.GetAsync($"{V3}/domains/config/ldap/password/default"))
            .ShouldBeFault(403, "error", "Reading the default for option password in group ldap is not supported");
    }

    [Fact]
    public async Task Everybody_may_know_what_a_password_must_be_like()
    {
        await using var cloud = await TestCloud.StartAsync(configure: static options => options with
        {
            Identity = new IdentitySettings { SecurityCompliance = new() { PasswordRegexText = "^.{7}", PasswordRegexDescription = "seven \"letters\"" } },
        });
        var user = await cloud.CreateUserAsync("ann", "seven letters");
        var token = await cloud.TokenOfAsync(user, "seven letters");
        var path = $"{V3}/domains/default/config/security_compliance";

        Assert.Equal("^.{7}", (string?)(await cloud.GetAsync(path, token)).ShouldBe(200).Json["config"]!["security_compliance"]!["password_regex"]);
        Assert.Equal("seven \"letters\"", (string?)(await cloud.GetAsync($"{path}/password_regex_description", token)).ShouldBe(200)
            .Json["config"]!["password_regex_description"]);
        (await cloud.GetAsync($"{path}/lockout_duration", token)).ShouldBe(403);
        (await cloud.GetAsync($"{V3}/domains/default/config", token)).ShouldBe(403);
    }
}
