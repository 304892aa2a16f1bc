using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

public class OAuth2Tests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_application_credential_is_a_client(bool inHeader)
    {
        await using var cloud = await TestCloud.StartAsync();
        var (id, secret) = await ClientAsync(cloud);

        var (status, answer) = await AskAsync(cloud, "client_credentials", id, secret, inHeader);

        Assert.Equal(200, status);
        Assert.Equal("Bearer", (string?)answer["token_type"]);
        Assert.InRange((int)answer["expires_in"]!, 3500, 3600);
        Assert.Equal(200, await cloud.UseAsync((string)answer["access_token"]!));
    }

    [Theory]
    [InlineData("client_credentials", "wrong", 401, "invalid_client")]
    [InlineData("client_credentials", "", 401, "invalid_client")]
    [InlineData("password", "right", 400, "unsupported_grant_type")]
    [InlineData("", "right", 400, "invalid_request")]
    public async Task Refusals_have_the_words_of_OAuth(string grant, string secret, int status, string error)
    {
        await using var cloud = await TestCloud.StartAsync();
        var (id, right) = await ClientAsync(cloud);
        var (actual, answer) = await AskAsync(cloud, grant, id, secret == "right" ? right : secret, inHeader: false);
        Assert.Equal(status, actual);
        Assert.Equal(error, (string?)answer["error"]);
        Assert.NotNull((string?)answer["error_description"]);
    }

    private static async Task<(string Id, string Secret)> ClientAsync(TestCloud cloud)
    {
        var (user, project) = (await cloud.CreateUserAsync("ann"), await cloud.CreateProjectAsync("web"));
        await cloud.GrantAsync($"projects/{project}/users/{user}", "member");
        var made = (await cloud.PostAsync($"{V3}/users/{user}/application_credentials", """{"application_credential": {"name": "c"} }""",
            await cloud.TokenOfAsync(user, "secret", OnProject(project)))).ShouldBe(201).Json["application_credential"]!;
        return ((string)made["id"]!, (string)made["secret"]!);
    }

    private static async Task<(int, JsonNode)> AskAsync(TestCloud cloud, string grant, string id, string secret, bool inHeader)
    {
        var form = new Dictionary<string, string> { ["grant_type"] = grant };
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{V3}/OS-OAUTH2/token");
        if (inHeader)
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{id}:{secret}")));
        else
            (form["client_id"], form["client_secret"]) = (id, secret);
        request.Content = new FormUrlEncodedContent(form);
        using var response = await cloud.Http.SendAsync(request, TestContext.Current.CancellationToken);
        return ((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!);
    }
}
