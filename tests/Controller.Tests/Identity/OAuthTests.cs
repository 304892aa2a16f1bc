using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

public class OAuthTests
{
    [Fact]
    public async Task A_consumer_acts_for_a_user_who_agreed_and_with_those_roles_only()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (consumer, secret) = await ConsumerAsync(cloud);
        var project = await AdminProjectAsync(cloud);
        var asked = await SendAsync(cloud, "/OS-OAUTH1/request_token", consumer, secret, "", [], ("Requested-Project-Id", project));
        var (requestToken, requestSecret) = Parse(asked.ShouldBe(201));
        var member = await cloud.RoleIdAsync("member");

        var agreed = (await cloud.PutAsync($"{V3}/OS-OAUTH1/authorize/{requestToken}", $$"""{"roles": [{"id": "{{member}}"}]}""")).ShouldBe(200);
        var verifier = (string)agreed.Json["token"]!["oauth_verifier"]!;
        (await SendAsync(cloud, "/OS-OAUTH1/access_token", consumer, secret, requestSecret,
            [("oauth_token", requestToken), ("oauth_verifier", "wrong123")])).ShouldBe(401);
        var (accessToken, accessSecret) = Parse((await SendAsync(cloud, "/OS-OAUTH1/access_token", consumer, secret, requestSecret,
            [("oauth_token", requestToken), ("oauth_verifier", verifier)])).ShouldBe(201));
        (await SendAsync(cloud, "/OS-OAUTH1/access_token", consumer, secret, requestSecret,
            [("oauth_token", requestToken), ("oauth_verifier", verifier)])).ShouldBe(404);

        var login = (await LogInAsync(cloud, consumer, secret, accessToken, accessSecret)).ShouldBe(201);
        Assert.Equal(["member", "reader"], login.RoleNames().Order());
        Assert.Equal(accessToken, (string?)login.Json["token"]!["OS-OAUTH1"]!["access_token_id"]);
        Assert.Equal(consumer, (string?)login.Json["token"]!["OS-OAUTH1"]!["consumer_id"]);
        Assert.Equal("oauth1", (string?)login.Json["token"]!["methods"]![0]);
        (await LogInAsync(cloud, consumer, "wrong", accessToken, accessSecret)).ShouldBe(401);

        var token = login.Headers["X-Subject-Token"];
        Assert.Equal(200, await cloud.UseAsync(token));
        (await cloud.PostAsync($"{V3}/auth/tokens", $$$"""{"auth": {"identity": {"methods": ["token"], "token": {"id": "{{{token}}}"} } } }""", ""))
            .ShouldBeFault(403, "error", "Create a new OAuth-scoped token instead");
        (await cloud.DeleteAsync($"{V3}/OS-OAUTH1/consumers/{consumer}")).ShouldBe(204);
        Assert.Equal(401, await cloud.UseAsync(token));
    }

    [Fact]
    public async Task A_user_sees_and_ends_what_it_agreed_to()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (consumer, secret) = await ConsumerAsync(cloud);
        var admin = (string)(await cloud.GetAsync($"{V3}/users?name=admin")).Json["users"]![0]!["id"]!;
        var (access, accessSecret) = await AgreeAsync(cloud, consumer, secret);
        var token = (await LogInAsync(cloud, consumer, secret, access, accessSecret)).ShouldBe(201).Headers["X-Subject-Token"];
        var path = $"{V3}/users/{admin}/OS-OAUTH1/access_tokens";

        Assert.Equal(access, (string?)(await cloud.GetAsync(path)).ShouldBe(200).Json["access_tokens"]![0]!["id"]);
        Assert.DoesNotContain("secret", (await cloud.GetAsync($"{path}/{access}")).ShouldBe(200).Text, StringComparison.Ordinal);
        Assert.Equal("member", (string?)(await cloud.GetAsync($"{path}/{access}/roles")).ShouldBe(200).Json["roles"]![0]!["name"]);
        (await cloud.GetAsync($"{path}/{access}/roles/{await cloud.RoleIdAsync("member")}")).ShouldBe(200);
        (await cloud.GetAsync($"{path}/{access}/roles/{await cloud.RoleIdAsync("admin")}")).ShouldBe(404);
        (await cloud.GetAsync($"{V3}/users/other/OS-OAUTH1/access_tokens/{access}")).ShouldBe(404);
        (await cloud.DeleteAsync($"{path}/{access}")).ShouldBe(204);

        Assert.Equal(401, await cloud.UseAsync(token));
        (await LogInAsync(cloud, consumer, secret, access, accessSecret)).ShouldBe(404);
    }

    [Fact]
    public async Task A_consumers_secret_is_shown_once_and_stored_sealed()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (consumer, secret) = await ConsumerAsync(cloud);

        Assert.DoesNotContain(secret, (await cloud.GetAsync($"{V3}/OS-OAUTH1/consumers/{consumer}")).ShouldBe(200).Text, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, (await cloud.GetAsync($"{V3}/OS-OAUTH1/consumers")).ShouldBe(200).Text, StringComparison.Ordinal);
        Assert.Equal("new", (string?)(await cloud.PatchAsync($"{V3}/OS-OAUTH1/consumers/{consumer}", """{"consumer": {"description": "new"} }"""))
            .ShouldBe(200).Json["consumer"]!["description"]);
        (await cloud.PatchAsync($"{V3}/OS-OAUTH1/consumers/{consumer}", """{"consumer": {"secret": "x"} }""")).ShouldBe(400);
        var database = string.Concat(Directory.GetFiles(cloud.DataFolder, "appliance.db*").Select(static file => File.ReadAllText(file, Encoding.Latin1)));
        Assert.DoesNotContain(secret, database, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no header", 400, "Expecting to find oauth_consumer_key in request.")]
    [InlineData("old", 400, "Timestamp given is invalid")]
    [InlineData("unknown method", 400, "PLAINTEXT not supported")]
    [InlineData("wrong secret", 401, "requires authentication")]
    [InlineData("unknown consumer", 404, "Consumer not found")]
    public async Task A_request_that_is_not_rightly_signed_is_refused(string how, int status, string words)
    {
        await using var cloud = await TestCloud.StartAsync();
        var (consumer, secret) = await ConsumerAsync(cloud);
        var project = await AdminProjectAsync(cloud);
        var path = "/OS-OAUTH1/request_token";
        var answer = how switch
        {
            "no header" => await cloud.PostAsync(V3 + path, "", ""),
            "old" => await SendAsync(cloud, path, consumer, secret, "", [("oauth_timestamp", "1000000000")], ("Requested-Project-Id", project)),
            "unknown method" => await SendAsync(
                cloud, path, consumer, secret, "", [("oauth_signature_method", "PLAINTEXT")], ("Requested-Project-Id", project)),
            "wrong secret" => await SendAsync(cloud, path, consumer, "wrong", "", [], ("Requested-Project-Id", project)),
            _ => await SendAsync(cloud, path, "0123", secret, "", [], ("Requested-Project-Id", project)),
        };
        answer.ShouldBeFault(status, "error", words);
    }

    private static async Task<(string Id, string Secret)> AgreeAsync(TestCloud cloud, string consumer, string secret)
    {
        var (id, requestSecret) = Parse((await SendAsync(
            cloud, "/OS-OAUTH1/request_token", consumer, secret, "", [], ("Requested-Project-Id", await AdminProjectAsync(cloud)))).ShouldBe(201));
        var agreed = (await cloud.PutAsync($"{V3}/OS-OAUTH1/authorize/{id}", """{"roles": [{"name": "member"}]}""")).ShouldBe(200);
        return Parse((await SendAsync(cloud, "/OS-OAUTH1/access_token", consumer, secret, requestSecret,
            [("oauth_token", id), ("oauth_verifier", (string)agreed.Json["token"]!["oauth_verifier"]!)])).ShouldBe(201));
    }

    private static async Task<(string Id, string Secret)> ConsumerAsync(TestCloud cloud)
    {
        var made = (await cloud.PostAsync($"{V3}/OS-OAUTH1/consumers", """{"consumer": {"description": "c"} }""")).ShouldBe(201).Json["consumer"]!;
        return ((string)made["id"]!, (string)made["secret"]!);
    }

    private static async Task<string> AdminProjectAsync(TestCloud cloud) =>
        (string)(await cloud.GetAsync($"{V3}/projects?name=admin")).Json["projects"]![0]!["id"]!;

    private static Task<TestAnswer> LogInAsync(TestCloud cloud, string consumer, string secret, string token, string tokenSecret) => SendAsync(
        cloud, "/auth/tokens", consumer, secret, tokenSecret, [("oauth_token", token)],
        body: new JsonObject { ["auth"] = new JsonObject { ["identity"] = new JsonObject { ["methods"] = new JsonArray("oauth1"), ["oauth1"] = new JsonObject() } } });

    private static (string, string) Parse(TestAnswer answer)
    {
        var values = answer.Text.Split('&').Select(static pair => pair.Split('=')).ToDictionary(static pair => pair[0], static pair => pair[1]);
        return (values["oauth_token"], values["oauth_token_secret"]);
    }

    // RFC 5849, written apart from the code under test.
    private static async Task<TestAnswer> SendAsync(
        TestCloud cloud, string path, string consumer, string secret, string tokenSecret, (string Name, string Value)[] more,
        (string Name, string Value)? header = null, JsonNode? body = null)
    {
        var parameters = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["oauth_consumer_key"] = consumer,
            ["oauth_nonce"] = "1234567890",
            ["oauth_signature_method"] = "HMAC-SHA1",
            ["oauth_timestamp"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["oauth_version"] = "1.0",
        };
        foreach (var (name, value) in more)
            parameters[name] = value;
        var joined = string.Join('&', parameters.Select(static pair => $"{pair.Key}={Uri.EscapeDataString(pair.Value)}"));
        var text = $"POST&{Uri.EscapeDataString(cloud.BaseUrl + V3 + path)}&{Uri.EscapeDataString(joined)}";
#pragma warning disable CA5350
        var signature = Convert.ToBase64String(HMACSHA1.HashData(Encoding.ASCII.GetBytes($"{secret}&{tokenSecret}"), Encoding.ASCII.GetBytes(text)));
#pragma warning restore CA5350
        var authorization = "OAuth realm=\"\", " + string.Join(", ", parameters.Append(new("oauth_signature", signature))
            .Select(static pair => $"{pair.Key}=\"{Uri.EscapeDataString(pair.Value)}\""));
        return await cloud.SendAsync(HttpMethod.Post, V3 + path, body?.ToJsonString(), "", [("Authorization", authorization), .. header is { } one ? [one] : Array.Empty<(string, string)>()]);
    }
}
