using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity.Attacks;

/// <summary>A member of a project, whose rights attackers are after, and what it delegates.</summary>
internal sealed record Victim(TestCloud Cloud, string User, string Project, string Token)
{
    public const string Password = "secret";

    public static async Task<Victim> MakeAsync(TestCloud cloud, string name = "ann")
    {
        var (user, project) = (await cloud.CreateUserAsync(name, Password), await cloud.CreateProjectAsync($"{name}s"));
        await cloud.GrantAsync($"projects/{project}/users/{user}", "member");
        return new Victim(cloud, user, project, await cloud.TokenOfAsync(user, Password, OnProject(project)));
    }

    public static Task<TestAnswer> RescopeAsync(TestCloud cloud, string token, JsonNode? scope = null)
    {
        var auth = new JsonObject
        {
            ["identity"] = new JsonObject { ["methods"] = new JsonArray("token"), ["token"] = new JsonObject { ["id"] = token } },
        };
        if (scope is not null)
            auth["scope"] = scope;
        return cloud.PostAsync($"{V3}/auth/tokens", new JsonObject { ["auth"] = auth }.ToJsonString(), "");
    }

    /// <summary>A key pair of the user's own.</summary>
    public async Task<(string Access, string Secret)> KeyAsync()
    {
        var key = (await Cloud.PostAsync($"{V3}/users/{User}/credentials/OS-EC2", $$"""{"tenant_id": "{{Project}}"}""", Token))
            .ShouldBe(201).Json["credential"]!;
        return ((string)key["access"]!, (string)key["secret"]!);
    }

    /// <summary>A token of an application credential that is a reader only.</summary>
    public async Task<string> RobotAsync(bool isUnrestricted = false)
    {
        var made = (await Cloud.PostAsync($"{V3}/users/{User}/application_credentials", new JsonObject
        {
            ["application_credential"] = new JsonObject
            {
                ["name"] = Guid.NewGuid().ToString(),
                ["unrestricted"] = isUnrestricted,
                ["roles"] = new JsonArray(new JsonObject { ["name"] = "reader" }),
            },
        }.ToJsonString(), Token)).ShouldBe(201).Json["application_credential"]!;
        return (await Cloud.PostAsync($"{V3}/auth/tokens", $$$"""
            {"auth": {"identity": {"methods": ["application_credential"], "application_credential": {"id": "{{{made["id"]}}}", "secret": "{{{made["secret"]}}}"} } } }
            """, "")).ShouldBe(201).Headers["X-Subject-Token"];
    }

    /// <summary>Lends the reader role to another user.</summary>
    public async Task<string> TrustAsync(string trustee, bool isImpersonating, bool canGoOn = false) => (string)(await Cloud.PostAsync(
        $"{V3}/OS-TRUST/trusts", new JsonObject { ["trust"] = TrustBody(User, trustee, isImpersonating, canGoOn) }.ToJsonString(), Token))
        .ShouldBe(201).Json["trust"]!["id"]!;

    public JsonObject TrustBody(string trustor, string trustee, bool isImpersonating, bool canGoOn = false, string role = "reader") => new()
    {
        ["trustor_user_id"] = trustor,
        ["trustee_user_id"] = trustee,
        ["project_id"] = Project,
        ["impersonation"] = isImpersonating,
        ["allow_redelegation"] = canGoOn,
        ["roles"] = new JsonArray(new JsonObject { ["name"] = role }),
    };

    /// <summary>Asks whose an EC2 request is, as the service that was sent it does.</summary>
    /// <param name="change">Changes what is passed on after it was signed.</param>
    public static Task<TestAnswer> AskAsync(
        TestCloud cloud, string access, string secret, DateTimeOffset? at = null, string verb = "GET", Action<JsonObject>? change = null, string? token = null)
    {
        var time = (at ?? DateTimeOffset.UtcNow).ToString("yyyyMMdd'T'HHmmss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        var scope = $"{time[..8]}/region/ec2/aws4_request";
        var canonical = $"{verb}\n/\n\nhost:ec2.example\nx-amz-date:{time}\n\nhost;x-amz-date\nhash";
        var text = $"AWS4-HMAC-SHA256\n{time}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        var key = scope.Split('/').Aggregate(
            Encoding.UTF8.GetBytes("AWS4" + secret), static (sofar, part) => HMACSHA256.HashData(sofar, Encoding.UTF8.GetBytes(part)));
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text)));
        var credentials = new JsonObject
        {
            ["access"] = access,
            ["signature"] = signature,
            ["verb"] = verb,
            ["host"] = "ec2.example",
            ["path"] = "/",
            ["params"] = new JsonObject(),
            ["headers"] = new JsonObject
            {
                ["Host"] = "ec2.example",
                ["X-Amz-Date"] = time,
                ["Authorization"] = $"AWS4-HMAC-SHA256 Credential={access}/{scope}, SignedHeaders=host;x-amz-date, Signature={signature}",
            },
            ["body_hash"] = "hash",
        };
        change?.Invoke(credentials);
        return cloud.PostAsync($"{V3}/ec2tokens", new JsonObject { ["ec2Credentials"] = credentials }.ToJsonString(), token);
    }
}
