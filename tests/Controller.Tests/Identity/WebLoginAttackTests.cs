using System.Text.Json.Nodes;
using Appliance.Controller.Identity.Settings;
using Microsoft.AspNetCore.WebUtilities;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

/// <summary>Attacks on web logins, each by the name it is known under. The provider is one of the attacker's making where it takes one.</summary>
public class WebLoginAttackTests
{
    private const string Dashboard = "https://dashboard.example/auth/websso/";
    private const string WebSso = $"{V3}/auth/OS-FEDERATION/identity_providers/corp/protocols/openid/websso";

    [Fact]
    public async Task Token_confusion_logs_nobody_in()
    {
        await using var provider = new ForgedProvider { UserInfo = new() { ["sub"] = "0001" } };
        await using var other = new ForgedProvider();
        await using var cloud = await StartAsync();
        await ConnectAsync(cloud, provider.Issuer);
        using var browser = new Browser();
        var earlier = (await BeginAsync(browser, cloud)).Nonce;
        var attacks = new Dictionary<string, Func<string, string?>>
        {
            ["algorithm none"] = nonce => provider.Sign(nonce: nonce, algorithm: "none"),
            ["HS256 with the public key"] = nonce => provider.Sign(nonce: nonce, algorithm: "HS256"),
            ["wrong issuer"] = nonce => provider.Sign(nonce: nonce, issuer: other.Issuer),
            ["wrong audience"] = nonce => provider.Sign(nonce: nonce, audience: "somebody-else"),
            ["another authorized party"] = nonce => provider.Sign(nonce: nonce, change: static claims => claims["azp"] = "somebody-else"),
            ["audiences without an authorized party"] = nonce => provider.Sign(
                nonce: nonce, change: static claims => claims["aud"] = new JsonArray("appliance", "somebody-else")),
            ["unknown key id"] = nonce => provider.Sign(nonce: nonce, keyId: "../../k1"),
            ["key id of a key of another provider"] = nonce => other.Sign(nonce: nonce, issuer: provider.Issuer),
            ["key in the header"] = nonce => other.Sign(nonce: nonce, issuer: provider.Issuer, keyId: "own",
                header: new() { ["jwk"] = other.PublicKey("own"), ["jku"] = other.Issuer + "/keys" }),
            ["expired"] = nonce => provider.Sign(nonce: nonce, lifetime: TimeSpan.FromMinutes(-2)),
            ["not yet valid"] = nonce => provider.Sign(nonce: nonce, notBefore: TimeSpan.FromMinutes(5)),
            ["issued in the future"] = nonce => provider.Sign(
                nonce: nonce, change: static claims => claims["iat"] = DateTimeOffset.UtcNow.AddMinutes(5).ToUnixTimeSeconds()),
            ["nonce of another login"] = _ => provider.Sign(nonce: earlier),
            ["no nonce"] = _ => provider.Sign(),
            ["nobody"] = nonce => provider.Sign(nonce: nonce, change: static claims => claims["sub"] = ""),
            ["userinfo of somebody else"] = nonce => provider.Sign(nonce: nonce, change: static claims => claims["sub"] = "0002"),
            ["a SAML assertion"] = _ => "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" Version=\"2.0\"/>",
            ["the code is refused"] = _ => null,
        };

        foreach (var (name, forge) in attacks)
        {
            var (state, nonce) = await BeginAsync(browser, cloud);
            provider.IdToken = forge(nonce);
            var answer = await browser.OpenAsync($"{cloud.BaseUrl}{WebSso}?code=c&state={state}");
            Assert.True(answer.Status == 401, $"{name}: {answer.Status} {answer.Text}");
        }

        Assert.Empty((await cloud.GetAsync($"{V3}/users?idp_id=corp")).Json["users"]!.AsArray());
        var good = await BeginAsync(browser, cloud);
        provider.IdToken = provider.Sign(nonce: good.Nonce);
        (await browser.OpenAsync($"{cloud.BaseUrl}{WebSso}?code=c&state={good.State}")).ShouldBe(200);
    }

    [Fact]
    public async Task Open_redirect_through_origin_is_refused()
    {
        string[] origins =
        [
            "https://evil.example/",
            "https://dashboard.example.evil.example/auth/websso/",
            "https://dashboard.example@evil.example/auth/websso/",
            "https://dashboard.example/auth/websso/../../evil",
            "https://dashboard.example/auth/websso/?next=//evil.example",
            "https://dashboard.example/auth/websso/%0d%0aLocation:%20https://evil.example",
            "https://dashboard.example/auth/websso/\r\nSet-Cookie: a=b",
            "http://dashboard.example/auth/websso/",
            "https://dashboard.example:8443/auth/websso/",
            "https://dashboard.example/AUTH/websso/",
            "https://dashboard.example/auth/websso",
            "//dashboard.example/auth/websso/",
            "javascript:alert(1)//https://dashboard.example/auth/websso/",
        ];
        await using var cloud = await StartAsync();
        await ConnectAsync(cloud, "http://127.0.0.1:1");
        foreach (var origin in origins)
        {
            var answer = await cloud.GetAsync($"{WebSso}?origin={Uri.EscapeDataString(origin)}", "");
            Assert.True(answer.Status == 401, $"{origin}: {answer.Status} {answer.Text}");
            Assert.Contains("is not a trusted dashboard host", answer.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("Set-Cookie", answer.Headers.Keys, StringComparer.OrdinalIgnoreCase);
        }

        (await cloud.GetAsync(WebSso, "")).ShouldBeFault(400, "error", "Request must have an origin query parameter");
    }

    [Fact]
    public async Task Login_in_another_browser_with_the_state_of_the_first_is_refused()
    {
        await using var provider = new ForgedProvider();
        await using var cloud = await StartAsync();
        await ConnectAsync(cloud, provider.Issuer);
        using var attacker = new Browser();
        using var victim = new Browser();
        var (state, nonce) = await BeginAsync(attacker, cloud);
        var own = await BeginAsync(victim, cloud);
        provider.IdToken = provider.Sign(nonce: nonce);
        var cookies = victim.Cookies.GetCookieHeader(new Uri(cloud.BaseUrl + WebSso));

        (await victim.OpenAsync($"{cloud.BaseUrl}{WebSso}?code=c&state={state}")).ShouldBe(401);
        // The victim's own cookie under the name of the attacker's.
        (await victim.OpenAsync($"{cloud.BaseUrl}{WebSso}?code=c&state={state}",
            ("Cookie", cookies.Replace(own.State[..16], state[..16], StringComparison.Ordinal)))).ShouldBe(401);
        Assert.Null(provider.Redeemed);
        (await attacker.OpenAsync($"{cloud.BaseUrl}{WebSso}?code=c&state={state}")).ShouldBe(200);
    }

    [Fact]
    public async Task Forged_state_is_refused()
    {
        await using var cloud = await StartAsync();
        foreach (var state in new[] { "", "x", "..%2f..%2fpasswd0000000000", new string('A', 43) })
        {
            foreach (var cookie in new[] { "", "x", "AAAA", "%00", new string('A', 4000), new string('/', 80) })
                (await cloud.SendAsync(HttpMethod.Get, $"{WebSso}?code=c&state={state}", null, "", ("Cookie", $"websso_AAAAAAAAAAAAAAAA={cookie}"))).ShouldBe(401);
        }
    }

    [Fact]
    public async Task Mix_up_of_providers_is_refused()
    {
        await using var provider = new ForgedProvider();
        await using var cloud = await StartAsync();
        await ConnectAsync(cloud, provider.Issuer);
        using var browser = new Browser();
        var (state, nonce) = await BeginAsync(browser, cloud);
        provider.IdToken = provider.Sign(nonce: nonce);
        (await browser.OpenAsync($"{cloud.BaseUrl}{WebSso}?code=c&state={state}&iss=https%3A%2F%2Fevil.example")).ShouldBe(401);
        Assert.Null(provider.Redeemed);
    }

    [Fact]
    public async Task An_answer_by_post_is_an_answer_too()
    {
        await using var provider = new ForgedProvider();
        await using var cloud = await StartAsync();
        await ConnectAsync(cloud, provider.Issuer);
        using var browser = new Browser();
        var (state, nonce) = await BeginAsync(browser, cloud);
        provider.IdToken = provider.Sign(nonce: nonce);

        (await browser.PostAsync(cloud.BaseUrl + WebSso, ("code", "c"), ("state", state), ("iss", provider.Issuer))).ShouldBe(200);

        var form = QueryHelpers.ParseQuery(provider.Redeemed);
        Assert.Equal("authorization_code", form["grant_type"]);
        Assert.Equal(cloud.BaseUrl + WebSso, form["redirect_uri"]);
        Assert.Equal(43, form["code_verifier"].ToString().Length);
    }

    [Fact]
    public async Task Header_smuggling_makes_nobody_of_a_request()
    {
        await using var provider = new ForgedProvider();
        await using var cloud = await StartAsync();
        await ConnectAsync(cloud, provider.Issuer);
        (string, string)[] headers =
        [
            ("OIDC-sub", "0001"), ("OIDC_CLAIM_sub", "0001"), ("HTTP_OIDC_ISS", provider.Issuer), ("OIDC-preferred_username", "admin"), ("REMOTE_USER", "admin"),
            ("Remote-User", "admin"), ("X-Remote-User", "admin"), ("X-Identity-Status", "Confirmed"), ("X-User-Id", "admin"),
            ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "https"), ("Forwarded", "host=evil.example"),
        ];
        (await cloud.SendAsync(HttpMethod.Get, $"{V3}/OS-FEDERATION/identity_providers/corp/protocols/openid/auth", null, "", headers)).ShouldBe(401);
        using var browser = new Browser();
        var begun = await browser.OpenAsync($"{cloud.BaseUrl}{WebSso}?origin={Dashboard}", headers);
        var asked = QueryHelpers.ParseQuery(new Uri(begun.ShouldBe(302).Headers["Location"]).Query);
        Assert.Equal(cloud.BaseUrl + WebSso, asked["redirect_uri"]);
    }

    [Fact]
    public async Task Second_factor_bypass_by_a_providers_word_is_refused()
    {
        await using var provider = new ForgedProvider();
        await using var cloud = await StartAsync();
        await ConnectAsync(cloud, provider.Issuer);
        var user = await cloud.CreateAsync("users", "user", new()
        {
            ["name"] = "ann",
            ["federated"] = JsonNode.Parse("""[{"idp_id": "corp", "protocols": [{"protocol_id": "openid", "unique_id": "0001"}]}]"""),
            ["options"] = JsonNode.Parse("""{"multi_factor_auth_enabled": true, "multi_factor_auth_rules": [["password", "totp"]]}"""),
        });
        using var browser = new Browser();
        var (state, nonce) = await BeginAsync(browser, cloud);
        provider.IdToken = provider.Sign(nonce: nonce);
        (await browser.OpenAsync($"{cloud.BaseUrl}{WebSso}?code=c&state={state}")).ShouldBe(401);
        (await cloud.PatchAsync($"{V3}/users/{user}", """{"user": {"options": {"multi_factor_auth_rules": [["openid"]]} } }""")).ShouldBe(200);
        (state, nonce) = await BeginAsync(browser, cloud);
        provider.IdToken = provider.Sign(nonce: nonce);
        (await browser.OpenAsync($"{cloud.BaseUrl}{WebSso}?code=c&state={state}")).ShouldBe(200);
    }

    private static async Task<(string State, string Nonce)> BeginAsync(Browser browser, TestCloud cloud)
    {
        var begun = (await browser.OpenAsync($"{cloud.BaseUrl}{WebSso}?origin={Uri.EscapeDataString(Dashboard)}")).ShouldBe(302);
        Assert.Contains("httponly", begun.Headers["Set-Cookie"], StringComparison.OrdinalIgnoreCase);
        var asked = QueryHelpers.ParseQuery(new Uri(begun.Headers["Location"]).Query);
        Assert.Equal("S256", asked["code_challenge_method"]);
        return (asked["state"].ToString(), asked["nonce"].ToString());
    }

    private static Task<TestCloud> StartAsync() => TestCloud.StartAsync(configure: static options => options with
    {
        Identity = new IdentitySettings
        {
            Federation = new()
            {
                TrustedDashboards = [Dashboard],
                Clients = [new OpenIdClientSettings("corp", null, "appliance", "secret", "openid")],
                BearerAudiences = ["appliance"],
            },
        },
    });

    private static async Task ConnectAsync(TestCloud cloud, string issuer)
    {
        const string Path = $"{V3}/OS-FEDERATION";
        (await cloud.PutAsync($"{Path}/identity_providers/corp", $$"""{"identity_provider": {"enabled": true, "remote_ids": ["{{issuer}}"]} }""")).ShouldBe(201);
        (await cloud.PutAsync($"{Path}/mappings/m",
            """
            {"mapping": {"rules": [{"local": [{"user": {"name": "{0}", "id": "{1}"} }], "remote": [{"type": "OIDC-preferred_username"}, {"type": "OIDC-sub"}]}]} }
            """)).ShouldBe(201);
        (await cloud.PutAsync($"{Path}/identity_providers/corp/protocols/openid", """{"protocol": {"mapping_id": "m"} }""")).ShouldBe(201);
    }
}
