using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity.Attacks;

/// <summary>Requests that are too long, too deep, of the wrong kind, or pretend to come from the controller's own middle.</summary>
public class RequestAttacks
{
    [Theory]
    [InlineData(4096)]
    [InlineData(100_000)]
    public async Task OSSA_2012_002_a_long_password_is_a_password_like_any_other(int length)
    {
        await using var cloud = await TestCloud.StartAsync();
        var password = new string('x', length);
        var user = await cloud.CreateUserAsync("ann", password);
        (await cloud.LogInAsync(user, password)).ShouldBe(201);
        (await cloud.LogInAsync(user, password[..^1])).ShouldBe(401);
    }

    [Fact]
    public async Task OSSA_2014_013_a_method_named_many_times_is_tried_once()
    {
        await using var cloud = await TestCloud.StartAsync();
        var user = await cloud.CreateUserAsync("ann");
        // Thousands of memory-hard hashes would take minutes.
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(30));
        var methods = new JsonArray([.. Enumerable.Repeat("password", 8_000).Select(static name => (JsonNode?)name)]);
        using var content = new StringContent(new JsonObject
        {
            ["auth"] = new JsonObject
            {
                ["identity"] = new JsonObject
                {
                    ["methods"] = methods,
                    ["password"] = new JsonObject { ["user"] = new JsonObject { ["id"] = user, ["password"] = "wrong" } },
                },
            },
        }.ToJsonString(), Encoding.UTF8, "application/json");
        using var answer = await cloud.Http.PostAsync($"{V3}/auth/tokens", content, deadline.Token);
        Assert.Equal(401, (int)answer.StatusCode);
    }

    [Fact]
    public async Task Oversize_and_deeply_nested_bodies_are_refused_unread()
    {
        await using var cloud = await TestCloud.StartAsync();
        var nested = new string('[', 50_000);
        (await cloud.PostAsync($"{V3}/auth/tokens", "{\"auth\":\"" + new string('x', 200_000) + "\"}", "")).ShouldBe(413);
        (await cloud.PostAsync($"{V3}/auth/tokens", nested, "")).ShouldBe(400);
        var victim = await Victim.MakeAsync(cloud);
        // Texts that are JSON themselves.
        foreach (var blob in new[] { nested, $$"""{"access": "a", "b": {{nested}}""", "{\"access\": {\"a\": 1}}" })
        {
            (await cloud.PostAsync($"{V3}/credentials", new JsonObject
            {
                ["credential"] = new JsonObject { ["type"] = "ec2", ["user_id"] = victim.User, ["project_id"] = victim.Project, ["blob"] = blob },
            }.ToJsonString(), victim.Token)).ShouldBe(400);
        }
    }

    [Theory]
    [InlineData("application/xml")]
    [InlineData("text/xml")]
    [InlineData("application/json; charset=utf-16")]
    public async Task OSSA_2013_004_nothing_but_JSON_is_read(string type)
    {
        await using var cloud = await TestCloud.StartAsync();
        using var content = new StringContent("<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><auth>&b;</auth>");
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        using var answer = await cloud.Http.PostAsync($"{V3}/auth/tokens", content, TestContext.Current.CancellationToken);
        Assert.Equal(400, (int)answer.StatusCode);
        Assert.DoesNotContain("root:", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private static readonly (string, string)[] IdentityHeaders =
    [
        ("X-Identity-Status", "Confirmed"), ("X-User-Id", "admin"), ("X-User-Name", "admin"), ("X-Roles", "admin"), ("X-Role", "admin"),
        ("X-Project-Id", "admin"), ("X-Is-Admin-Project", "True"), ("X-System-Scope", "all"), ("X-Service-Roles", "service,admin"),
        ("X-Service-Identity-Status", "Confirmed"), ("OpenStack-System-Scope", "all"), ("X-Domain-Id", "default"), ("REMOTE_USER", "admin"),
        ("X-Remote-User", "admin"), ("SSL_CLIENT_VERIFY", "SUCCESS"), ("SSL_CLIENT_I_DN", "CN=ca"), ("OIDC-sub", "admin"), ("HTTP_OIDC_SUB", "admin"),
        ("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-User", "admin"), ("X-Http-Method-Override", "DELETE"), ("X-Original-Url", "/"),
    ];

    [Fact]
    public async Task OSSA_2026_001_headers_that_tell_who_one_is_tell_nothing()
    {
        await using var cloud = await TestCloud.StartAsync();
        var victim = await Victim.MakeAsync(cloud);
        foreach (var path in new[] { $"{V3}/users", $"{V3}/auth/system", "/compute/v2.1/os-hypervisors" })
        {
            (await cloud.SendAsync(HttpMethod.Get, path, null, "", IdentityHeaders)).ShouldBe(401);
            var plain = await cloud.GetAsync(path, victim.Token);
            var dressed = await cloud.SendAsync(HttpMethod.Get, path, null, victim.Token, IdentityHeaders);
            Assert.Equal(plain.Status, dressed.Status);
        }

        (await cloud.SendAsync(HttpMethod.Post, $"{V3}/OS-FEDERATION/identity_providers/x/protocols/openid/auth", null, "", IdentityHeaders)).ShouldBe(401);
        (await cloud.SendAsync(HttpMethod.Get, $"{V3}/users/{victim.User}", null, victim.Token, IdentityHeaders)).ShouldBe(200);
        (await cloud.GetAsync($"{V3}/users/{victim.User}", victim.Token)).ShouldBe(200);
    }

    [Fact]
    public async Task OSSA_2014_029_an_endpoint_reveals_nothing_but_what_its_URL_may_name()
    {
        await using var cloud = await TestCloud.StartAsync();
        var service = await cloud.CreateAsync("services", "service", new() { ["type"] = "leak", ["name"] = "leak" });
        foreach (var name in new[] { "admin_token", "admin_password", "connection", "AdminPassword", "token", "__class__" })
        {
            var made = await cloud.PostAsync($"{V3}/endpoints", new JsonObject
            {
                ["endpoint"] = new JsonObject { ["service_id"] = service, ["interface"] = "public", ["url"] = $"http://evil.example/$({name})s/%({name})s" },
            }.ToJsonString());
            Assert.True(made.Status is 201 or 400, made.Text);
        }

        var login = (await cloud.SendAsync(HttpMethod.Get, $"{V3}/auth/catalog")).ShouldBe(200);
        Assert.DoesNotContain(TestCloud.AdminPassword, login.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(await cloud.AdminTokenAsync(), login.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://evil.example/\r\nX-Auth-Token: stolen")]
    [InlineData("http://evil.example/\u0000")]
    [InlineData("http://evil.example/ HTTP/1.1\r\nHost: other")]
    public async Task No_line_break_gets_into_the_catalog(string url)
    {
        await using var cloud = await TestCloud.StartAsync();
        var service = await cloud.CreateAsync("services", "service", new() { ["type"] = "x", ["name"] = "x" });
        var body = new JsonObject { ["endpoint"] = new JsonObject { ["service_id"] = service, ["interface"] = "public", ["url"] = url } };
        (await cloud.PostAsync($"{V3}/endpoints", body.ToJsonString())).ShouldBe(400);
        body["endpoint"]!["url"] = "http://good.example";
        var id = (string)(await cloud.PostAsync($"{V3}/endpoints", body.ToJsonString())).ShouldBe(201).Json["endpoint"]!["id"]!;
        (await cloud.PatchAsync($"{V3}/endpoints/{id}", new JsonObject { ["endpoint"] = new JsonObject { ["url"] = url } }.ToJsonString())).ShouldBe(400);
        Assert.DoesNotContain("evil", (await cloud.GetAsync($"{V3}/auth/catalog")).ShouldBe(200).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OSSA_2013_003_and_2017_001_refused_requests_fill_no_log_and_no_secret_gets_into_it()
    {
        using var log = new CapturedLog();
        await using var cloud = await TestCloud.StartAsync(configure: static options => options with { LogLevel = LogLevel.Information });
        cloud.Host.Platform.Logs.AddProvider(log);
        for (var i = 0; i < 50; i++)
        {
            await cloud.UseAsync($"forged-{i}");
            await cloud.PostAsync($"{V3}/auth/tokens", "{\"auth\": {}}", "");
        }

        (await cloud.LogInAsync("nobody", "a-password-nobody-has")).ShouldBe(401);

        Assert.InRange(log.Lines.Count, 0, 10);
        foreach (var secret in new[] { "forged-", "a-password-nobody-has", TestCloud.AdminPassword })
            Assert.DoesNotContain(log.Lines, line => line.Contains(secret, StringComparison.Ordinal));
    }
}
