using System.Text.RegularExpressions;
using Appliance.Controller.Identity.Settings;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

/// <summary>Logging in to a dashboard through a real OpenID provider, as a browser does it.</summary>
public partial class WebLoginTests
{
    private const string Dashboard = "https://dashboard.example/auth/websso/";
    private const string OfCorp = $"{V3}/auth/OS-FEDERATION/identity_providers/corp/protocols/openid/websso";
    private const string OfAny = $"{V3}/auth/OS-FEDERATION/websso/openid";

    [Theory]
    [InlineData(OfCorp)]
    [InlineData(OfAny)]
    public async Task Somebody_logs_in_and_the_dashboard_gets_a_token(string path)
    {
        await using var cloud = await StartCloudAsync();
        await using var provider = await RealProvider.StartAsync(cloud.BaseUrl + OfCorp);
        await ConnectAsync(cloud, provider.Issuer);
        var group = await cloud.CreateAsync("groups", "group", new() { ["name"] = "bakers" });
        using var browser = new Browser();

        var page = await browser.FollowAsync(await LogInAsync(browser, cloud.BaseUrl + path));

        page.ShouldBe(200);
        Assert.Equal("text/html; charset=utf-8", page.Headers["Content-Type"]);
        Assert.Equal("no-store", page.Headers["Cache-Control"]);
        Assert.Contains($"action=\"{Dashboard}\" method=\"post\"", page.Text, StringComparison.Ordinal);
        var token = TokenField().Match(page.Text).Groups[1].Value;
        var shown = (await cloud.SendAsync(HttpMethod.Get, $"{V3}/auth/tokens", null, token, ("X-Subject-Token", token))).ShouldBe(200).Json["token"]!;
        Assert.Equal("ann", (string?)shown["user"]!["name"]);
        Assert.Equal("openid", (string?)shown["methods"]![0]);
        Assert.Equal("corp", (string?)shown["user"]!["OS-FEDERATION"]!["identity_provider"]!["id"]);
        Assert.Equal(group, (string?)shown["user"]!["OS-FEDERATION"]!["groups"]![0]!["id"]);
        var user = (await cloud.GetAsync($"{V3}/users/{(string?)shown["user"]!["id"]}")).ShouldBe(200).Json["user"]!;
        Assert.Equal("ann@corp.example", (string?)user["email"]);
        Assert.Equal("ann", (string?)user["federated"]![0]!["protocols"]![0]!["unique_id"]);
        var membership = (await cloud.GetAsync($"{V3}/users/{(string?)user["id"]}/groups")).ShouldBe(200).Json["groups"]![0]!;
        Assert.NotNull((string?)membership["membership_expires_at"]);
    }

    [Fact]
    public async Task A_login_that_was_begun_ends_after_a_restart_and_only_once()
    {
        var folder = Directory.CreateTempSubdirectory("appliance-test-").FullName;
        try
        {
            var cloud = await StartCloudAsync(folder);
            await using var provider = await RealProvider.StartAsync(cloud.BaseUrl + OfCorp);
            await ConnectAsync(cloud, provider.Issuer);
            using var browser = new Browser();
            var back = new Uri((await LogInAsync(browser, cloud.BaseUrl + OfCorp)).Headers["Location"]);
            var cookies = browser.Cookies.GetCookieHeader(back);
            await cloud.DisposeAsync();

            await using var restarted = await StartCloudAsync(folder);
            var end = restarted.BaseUrl + back.PathAndQuery;
            using var other = new Browser();
            (await other.OpenAsync(end, ("Cookie", cookies))).ShouldBe(200);
            (await other.OpenAsync(end, ("Cookie", cookies))).ShouldBe(401);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task The_sites_own_page_is_shown_where_it_has_one()
    {
        var template = Path.GetTempFileName();
        await File.WriteAllTextAsync(template, "<form action=\"$host\">${token} for $$5</form>", TestContext.Current.CancellationToken);
        try
        {
            await using var cloud = await StartCloudAsync(settings: $"sso_callback_template = {template}");
            await using var provider = await RealProvider.StartAsync(cloud.BaseUrl + OfCorp);
            await ConnectAsync(cloud, provider.Issuer);
            using var browser = new Browser();
            var page = await browser.FollowAsync(await LogInAsync(browser, cloud.BaseUrl + OfCorp));
            Assert.Matches($"^<form action=\"{Regex.Escape(Dashboard)}\">[\\w-]{{100,}} for \\$5</form>$", page.ShouldBe(200).Text);
        }
        finally
        {
            File.Delete(template);
        }
    }

    [Fact]
    public async Task Who_does_not_consent_does_not_log_in()
    {
        await using var cloud = await StartCloudAsync();
        await using var provider = await RealProvider.StartAsync(cloud.BaseUrl + OfCorp);
        await ConnectAsync(cloud, provider.Issuer);
        using var browser = new Browser();
        var login = await browser.FollowAsync(await browser.OpenAsync($"{cloud.BaseUrl}{OfCorp}?origin={Dashboard}"));
        var abort = AbortLink().Match(login.ShouldBe(200).Text).Groups[1].Value;
        (await browser.FollowAsync(await browser.OpenAsync(new Uri(browser.Address, abort).AbsoluteUri))).ShouldBe(401);
    }

    [Fact]
    public async Task Of_several_providers_one_must_be_named()
    {
        await using var cloud = await StartCloudAsync(more: "lab");
        await ConnectAsync(cloud, "http://127.0.0.1:1");
        (await cloud.PutAsync($"{V3}/OS-FEDERATION/identity_providers/lab",
            """{"identity_provider": {"enabled": true, "remote_ids": ["http://127.0.0.1:2"]} }""")).ShouldBe(201);
        (await cloud.GetAsync($"{OfAny}?origin={Dashboard}", "")).ShouldBe(401);
        (await cloud.PutAsync($"{V3}/OS-FEDERATION/identity_providers/lab/protocols/openid", """{"protocol": {"mapping_id": "m"} }""")).ShouldBe(201);
        (await cloud.GetAsync($"{OfAny}?origin={Dashboard}", "")).ShouldBeFault(401, "error", "More than one identity provider");
    }

    /// <summary>From the dashboard through the provider's pages; the answer is the redirect back to the controller.</summary>
    private static async Task<TestAnswer> LogInAsync(Browser browser, string url)
    {
        var controller = new Uri(url).GetLeftPart(UriPartial.Authority);
        var login = await browser.FollowAsync(await browser.OpenAsync($"{url}?origin={Uri.EscapeDataString(Dashboard)}"));
        var consent = await browser.FollowAsync(await browser.SubmitAsync(login, ("login", "ann"), ("password", "any")));
        return await browser.FollowAsync(await browser.SubmitAsync(consent), next => next.StartsWith(controller, StringComparison.Ordinal));
    }

    private static Task<TestCloud> StartCloudAsync(string? folder = null, string settings = "", string more = "corp") =>
        TestCloud.StartAsync(folder, options => options with
        {
            Identity = IdentitySettings.Read(SettingsFile.Read(new StringReader(
                $"""
                [federation]
                trusted_dashboard = https://other.example/
                trusted_dashboard = https://Dashboard.Example/auth/websso/
                openid_clients = corp, {more}
                {settings}
                [openid:corp]
                client_id = {RealProvider.ClientId}
                client_secret = {RealProvider.ClientSecret}
                [openid:{more}]
                client_id = {RealProvider.ClientId}
                client_secret = {RealProvider.ClientSecret}
                """), "conf")),
        });

    private static async Task ConnectAsync(TestCloud cloud, string issuer)
    {
        const string Path = $"{V3}/OS-FEDERATION";
        (await cloud.PutAsync($"{Path}/identity_providers/corp", $$"""{"identity_provider": {"enabled": true, "remote_ids": ["{{issuer}}"]} }""")).ShouldBe(201);
        (await cloud.PutAsync($"{Path}/mappings/m",
            """
            {"mapping": {"rules": [{"local": [{"user": {"name": "{0}", "id": "{1}", "email": "{2}"} }, {"groups": "{3}", "domain": {"id": "default"} }],
              "remote": [{"type": "OIDC-preferred_username"}, {"type": "HTTP_OIDC_SUB"}, {"type": "OIDC_CLAIM_email"}, {"type": "OIDC-groups"}]}]} }
            """)).ShouldBe(201);
        (await cloud.PutAsync($"{Path}/identity_providers/corp/protocols/openid", """{"protocol": {"mapping_id": "m"} }""")).ShouldBe(201);
    }

    [GeneratedRegex("name=\"token\" id=\"token\" value=\"([\\w-]+)\"")]
    private static partial Regex TokenField();

    [GeneratedRegex("href=\"([^\"]+/abort)\"")]
    private static partial Regex AbortLink();
}
