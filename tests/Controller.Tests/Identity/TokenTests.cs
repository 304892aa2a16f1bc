using System.Text.Json.Nodes;

namespace Appliance.Controller.Tests.Identity;

public class TokenTests
{
    private const string Tokens = "/identity/v3/auth/tokens";

    [Fact]
    public async Task The_administrator_logs_in_and_sees_roles_and_catalog()
    {
        await using var cloud = await TestCloud.StartAsync();

        var answer = (await cloud.PostAsync(Tokens, Password("admin", TestCloud.AdminPassword, "admin"), token: "")).ShouldBe(201);

        var token = answer.Json["token"]!;
        Assert.Equal(["admin", "manager", "member", "reader"], token["roles"]!.AsArray().Select(static role => (string?)role!["name"]));
        Assert.Equal("admin", (string?)token["project"]!["name"]);
        Assert.Equal("Default", (string?)token["project"]!["domain"]!["name"]);
        var identity = token["catalog"]!.AsArray().Single(static service => (string?)service!["type"] == "identity")!;
        Assert.Equal($"{cloud.BaseUrl}/identity/v3", (string?)identity["endpoints"]![0]!["url"]);
        Assert.InRange(answer.Headers["X-Subject-Token"].Length, 100, 255);
    }

    [Fact]
    public async Task A_token_validates_to_the_document_it_was_issued_with()
    {
        await using var cloud = await TestCloud.StartAsync();
        var issued = await cloud.PostAsync(Tokens, Password("admin", TestCloud.AdminPassword, "admin"), token: "");
        var text = issued.Headers["X-Subject-Token"];

        var shown = (await cloud.SendAsync(HttpMethod.Get, Tokens, headers: ("X-Subject-Token", text))).ShouldBe(200);

        Assert.True(JsonNode.DeepEquals(issued.Json, shown.Json), $"{issued.Text}\n{shown.Text}");
    }

    [Fact]
    public async Task A_revoked_token_no_longer_holds()
    {
        await using var cloud = await TestCloud.StartAsync();
        var text = await cloud.TokenAsync("admin", TestCloud.AdminPassword, "admin");
        (await cloud.SendAsync(HttpMethod.Head, Tokens, headers: ("X-Subject-Token", text))).ShouldBe(200);

        (await cloud.SendAsync(HttpMethod.Delete, Tokens, headers: ("X-Subject-Token", text))).ShouldBe(204);

        (await cloud.SendAsync(HttpMethod.Get, Tokens, headers: ("X-Subject-Token", text))).ShouldBeFault(404, "error", "Could not find token");
        (await cloud.SendAsync(HttpMethod.Get, Tokens, token: text, headers: ("X-Subject-Token", text)))
            .ShouldBeFault(401, "error", "The request you have made requires authentication.");
    }

    [Theory]
    [InlineData("admin", "wrong")]
    [InlineData("nobody", "wrong")]
    public async Task A_wrong_password_and_an_unknown_user_get_the_same_answer(string user, string password)
    {
        await using var cloud = await TestCloud.StartAsync();

        var answer = await cloud.PostAsync(Tokens, Password(user, password, "admin"), token: "");

        Assert.Equal(
            """{"error":{"code":401,"message":"The request you have made requires authentication.","title":"Unauthorized"}}""", answer.ShouldBe(401).Text);
    }

    [Fact]
    public async Task Tokens_outlive_a_restart()
    {
        var folder = Directory.CreateTempSubdirectory("appliance-test-").FullName;
        try
        {
            string text;
            await using (var first = await TestCloud.StartAsync(folder))
                text = await first.TokenAsync("admin", TestCloud.AdminPassword, "admin");

            await using var second = await TestCloud.StartAsync(folder);
            (await second.SendAsync(HttpMethod.Get, Tokens, token: text, headers: ("X-Subject-Token", text))).ShouldBe(200);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_changed_character_voids_a_token()
    {
        await using var cloud = await TestCloud.StartAsync();
        var text = await cloud.TokenAsync("admin", TestCloud.AdminPassword, "admin");

        for (var i = 0; i < text.Length - 1; i += 7)
        {
            var forged = text[..i] + (text[i] == 'A' ? 'B' : 'A') + text[(i + 1)..];
            (await cloud.SendAsync(HttpMethod.Get, Tokens, token: forged, headers: ("X-Subject-Token", text))).ShouldBe(401);
        }
    }

    private static string Password(string user, string password, string project) =>
        $$"""
        {"auth": {"identity": {"methods": ["password"], "password": {"user":
          {"name": "{{user}}", "password": "{{password}}", "domain": {"id": "default"} } } },
          "scope": {"project": {"name": "{{project}}", "domain": {"id": "default"} } } } }
        """;
}
