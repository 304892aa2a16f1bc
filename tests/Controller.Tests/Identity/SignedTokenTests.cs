using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

public class SignedTokenTests
{
    [Fact]
    public async Task A_service_learns_whose_signed_request_it_was_sent()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (user, project, access, secret) = await KeyAsync(cloud);

        var answer = (await AskAsync(cloud, access, secret)).ShouldBe(200);

        Assert.Equal(user, (string?)answer.Json["token"]!["user"]!["id"]);
        Assert.Equal(project, (string?)answer.Json["token"]!["project"]!["id"]);
        Assert.Equal("ec2credential", (string?)answer.Json["token"]!["methods"]![0]);
        (await cloud.GetAsync("/compute/v2.1/flavors", answer.Headers["X-Subject-Token"])).ShouldBe(200);
        (await AskAsync(cloud, access, "wrong")).ShouldBe(401);
        (await AskAsync(cloud, "unknown", secret)).ShouldBeFault(404, "error", "EC2 access key not found.");
        (await AskAsync(cloud, access, secret, DateTimeOffset.UtcNow.AddMinutes(-16))).ShouldBe(401);
    }

    [Fact]
    public async Task Only_services_and_administrators_may_ask()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (user, project, access, secret) = await KeyAsync(cloud);
        var own = await cloud.TokenOfAsync(user, "secret", OnProject(project));
        (await AskAsync(cloud, access, secret, token: own)).ShouldBe(403);

        var service = await cloud.CreateUserAsync("swift");
        await cloud.GrantAsync($"projects/{project}/users/{service}", "service");
        (await AskAsync(cloud, access, secret, token: await cloud.TokenOfAsync(service, "secret", OnProject(project)))).ShouldBe(200);
    }

    // The example of AWS's documentation of Signature Version 4, with our own secret.
    [Fact]
    public async Task Version_four_is_understood()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (_, _, access, secret) = await KeyAsync(cloud);
        var now = DateTimeOffset.UtcNow.ToString("yyyyMMdd'T'HHmmss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        var day = now[..8];
        var canonical = $"GET\n/\nAction=DescribeInstances\nhost:ec2.example\nx-amz-date:{now}\n\nhost;x-amz-date\nhash";
        var scope = $"{day}/region/ec2/aws4_request";
        var text = $"AWS4-HMAC-SHA256\n{now}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        var key = scope.Split('/').Aggregate(
            Encoding.UTF8.GetBytes("AWS4" + secret), static (sofar, part) => HMACSHA256.HashData(sofar, Encoding.UTF8.GetBytes(part)));
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text)));

        (await cloud.PostAsync($"{V3}/ec2tokens", new JsonObject
        {
            ["ec2Credentials"] = new JsonObject
            {
                ["access"] = access,
                ["signature"] = signature,
                ["verb"] = "GET",
                ["host"] = "ec2.example",
                ["path"] = "/",
                ["params"] = new JsonObject { ["Action"] = "DescribeInstances" },
                ["headers"] = new JsonObject
                {
                    ["Host"] = "ec2.example",
                    ["X-Amz-Date"] = now,
                    ["Authorization"] = $"AWS4-HMAC-SHA256 Credential={access}/{scope}, SignedHeaders=host;x-amz-date, Signature={signature}",
                },
                ["body_hash"] = "hash",
            },
        }.ToJsonString())).ShouldBe(200);
    }

    [Fact]
    public async Task A_key_made_by_an_application_credential_gives_no_more_than_that()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (user, project, _, _) = await KeyAsync(cloud);
        var token = await cloud.TokenOfAsync(user, "secret", OnProject(project));
        var made = (await cloud.PostAsync($"{V3}/users/{user}/application_credentials",
            """{"application_credential": {"name": "r", "unrestricted": true, "roles": [{"name": "reader"}]} }""", token)).ShouldBe(201).Json["application_credential"]!;
        var robot = (await cloud.PostAsync($"{V3}/auth/tokens", $$$"""
            {"auth": {"identity": {"methods": ["application_credential"], "application_credential": {"id": "{{{made["id"]}}}", "secret": "{{{made["secret"]}}}"} } } }
            """, "")).ShouldBe(201).Headers["X-Subject-Token"];
        (await cloud.PostAsync($"{V3}/users/{user}/credentials/OS-EC2", $$"""{"tenant_id": "{{project}}"}""", robot)).ShouldBe(403);
        var blob = """{"access": "robotkey", "secret": "robotsecret"}""";
        (await cloud.PostAsync($"{V3}/credentials", new JsonObject
        {
            ["credential"] = new JsonObject { ["type"] = "ec2", ["user_id"] = user, ["project_id"] = project, ["blob"] = blob },
        }.ToJsonString(), robot)).ShouldBe(201);

        var answer = (await AskAsync(cloud, "robotkey", "robotsecret")).ShouldBe(200);

        Assert.Equal(["reader"], answer.RoleNames());
        Assert.Equal((string?)made["id"], (string?)answer.Json["token"]!["application_credential"]!["id"]);
        (await cloud.DeleteAsync($"{V3}/users/{user}/application_credentials/{made["id"]}", token)).ShouldBe(204);
        Assert.Equal(401, (await AskAsync(cloud, "robotkey", "robotsecret")).Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_object_store_passes_the_signed_text_on(bool isVersion4)
    {
        await using var cloud = await TestCloud.StartAsync();
        var (user, _, access, secret) = await KeyAsync(cloud);
        var text = Encoding.UTF8.GetBytes(isVersion4 ? "AWS4-HMAC-SHA256\n20260101T000000Z\n20260101/region/s3/aws4_request\nhash" : "GET\n\n\nnow\n/bucket");
        var key = "20260101/region/s3/aws4_request".Split('/').Aggregate(
            Encoding.UTF8.GetBytes("AWS4" + secret), static (sofar, part) => HMACSHA256.HashData(sofar, Encoding.UTF8.GetBytes(part)));
#pragma warning disable CA5350
        var signature = isVersion4
            ? Convert.ToHexStringLower(HMACSHA256.HashData(key, text))
            : Convert.ToBase64String(HMACSHA1.HashData(Encoding.UTF8.GetBytes(secret), text));
#pragma warning restore CA5350

        Task<TestAnswer> Ask(string signed) => cloud.PostAsync($"{V3}/s3tokens",
            new JsonObject { ["credentials"] = new JsonObject { ["access"] = access, ["signature"] = signed, ["token"] = Convert.ToBase64String(text) } }.ToJsonString());

        var answer = (await Ask(signature)).ShouldBe(200);
        Assert.Equal(user, (string?)answer.Json["token"]!["user"]!["id"]);
        Assert.False(answer.Headers.ContainsKey("X-Subject-Token"));
        (await Ask(signature + "x")).ShouldBe(401);
        (await cloud.PostAsync($"{V3}/s3tokens", "{}")).ShouldBeFault(400, "error", "request must include a request body");
    }

    private static async Task<(string User, string Project, string Access, string Secret)> KeyAsync(TestCloud cloud)
    {
        var (user, project) = (await cloud.CreateUserAsync("ann"), await cloud.CreateProjectAsync("web"));
        await cloud.GrantAsync($"projects/{project}/users/{user}", "member");
        var key = (await cloud.PostAsync($"{V3}/users/{user}/credentials/OS-EC2", $$"""{"tenant_id": "{{project}}"}""")).ShouldBe(201).Json["credential"]!;
        return (user, project, (string)key["access"]!, (string)key["secret"]!);
    }

    // Signature version 2.
    private static Task<TestAnswer> AskAsync(TestCloud cloud, string access, string secret, DateTimeOffset? at = null, string? token = null)
    {
        var time = (at ?? DateTimeOffset.UtcNow).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        var query = $"Action=X&SignatureMethod=HmacSHA256&SignatureVersion=2&Timestamp={Uri.EscapeDataString(time)}";
        var signature = Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"GET\nec2.example\n/\n{query}")));
        return cloud.PostAsync($"{V3}/ec2tokens", new JsonObject
        {
            ["credentials"] = new JsonObject
            {
                ["access"] = access,
                ["signature"] = signature,
                ["verb"] = "GET",
                ["host"] = "ec2.example:8773",
                ["path"] = "/",
                ["params"] = new JsonObject
                {
                    ["Action"] = "X",
                    ["SignatureMethod"] = "HmacSHA256",
                    ["SignatureVersion"] = "2",
                    ["Timestamp"] = time,
                },
            },
        }.ToJsonString(), token);
    }
}
