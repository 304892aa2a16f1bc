using System.Text.Json.Nodes;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

public class CredentialTests
{
    [Fact]
    public async Task An_owner_keeps_its_credentials_to_itself_and_cannot_move_them()
    {
        await using var cloud = await TestCloud.StartAsync();
        var project = await cloud.CreateProjectAsync("web");
        var (ann, eve) = (await cloud.CreateUserAsync("ann"), await cloud.CreateUserAsync("eve"));
        await cloud.GrantAsync($"projects/{project}/users/{ann}", "member");
        await cloud.GrantAsync($"projects/{project}/users/{eve}", "member");
        var (hers, theirs) = (await cloud.TokenOfAsync(ann, "secret", OnProject(project)), await cloud.TokenOfAsync(eve, "secret", OnProject(project)));
        var made = (await cloud.PostAsync($"{V3}/credentials", new JsonObject
        {
            ["credential"] = new JsonObject { ["type"] = "totp", ["blob"] = "JBSWY3DP", ["user_id"] = ann },
        }.ToJsonString(), hers)).ShouldBe(201).Json["credential"]!;

        Assert.Equal("JBSWY3DP", (string?)(await cloud.GetAsync($"{V3}/credentials/{made["id"]}", hers)).ShouldBe(200).Json["credential"]!["blob"]);
        (await cloud.GetAsync($"{V3}/credentials/{made["id"]}", theirs)).ShouldBe(403);
        Assert.Empty((await cloud.GetAsync($"{V3}/credentials", theirs)).ShouldBe(200).Json["credentials"]!.AsArray());
        Assert.Single((await cloud.GetAsync($"{V3}/credentials", hers)).ShouldBe(200).Json["credentials"]!.AsArray());
        foreach (var change in new[] { $$"""{"user_id": "{{eve}}"}""", $$"""{"project_id": "{{project}}"}""", """{"type": "ec2"}""" })
            (await cloud.PatchAsync($"{V3}/credentials/{made["id"]}", $$"""{"credential": {{change}}}""", hers)).ShouldBe(403);
        (await cloud.PatchAsync($"{V3}/credentials/{made["id"]}", """{"credential": {"blob": "other"}}""", hers)).ShouldBe(200);
        (await cloud.DeleteAsync($"{V3}/credentials/{made["id"]}", hers)).ShouldBe(204);
    }

    [Fact]
    public async Task An_application_credential_reaches_no_secret_outside_its_project()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (project, other) = (await cloud.CreateProjectAsync("web"), await cloud.CreateProjectAsync("other"));
        var user = await cloud.CreateUserAsync("ann");
        await cloud.GrantAsync($"projects/{project}/users/{user}", "member");
        await cloud.GrantAsync($"projects/{other}/users/{user}", "member");
        var token = await cloud.TokenOfAsync(user, "secret", OnProject(project));
        var robot = await RobotAsync(cloud, user, token);
        var totp = (await cloud.PostAsync($"{V3}/credentials", new JsonObject
        {
            ["credential"] = new JsonObject { ["type"] = "totp", ["blob"] = "JBSWY3DP", ["user_id"] = user },
        }.ToJsonString(), token)).ShouldBe(201).Json["credential"]!;

        (await cloud.GetAsync($"{V3}/credentials/{totp["id"]}", robot)).ShouldBe(403);
        (await cloud.DeleteAsync($"{V3}/credentials/{totp["id"]}", robot)).ShouldBe(403);
        Assert.Empty((await cloud.GetAsync($"{V3}/credentials", robot)).ShouldBe(200).Json["credentials"]!.AsArray());
        (await cloud.PostAsync($"{V3}/users/{user}/credentials/OS-EC2", $$"""{"tenant_id": "{{project}}"}""", robot)).ShouldBe(403);
        (await cloud.PostAsync($"{V3}/users/{user}/credentials/OS-EC2", $$"""{"tenant_id": "{{other}}"}""", robot)).ShouldBe(403);
    }

    [Fact]
    public async Task Nothing_secret_is_readable_in_the_database_file()
    {
        var folder = Directory.CreateTempSubdirectory("appliance-test-").FullName;
        try
        {
            string access, secret;
            await using (var cloud = await TestCloud.StartAsync(folder))
            {
                var user = await cloud.CreateUserAsync("ann", "correct horse battery staple");
                var project = await cloud.CreateProjectAsync("web");
                var made = (await cloud.PostAsync($"{V3}/users/{user}/credentials/OS-EC2", $$"""{"tenant_id": "{{project}}"}""")).ShouldBe(201);
                (access, secret) = ((string)made.Json["credential"]!["access"]!, (string)made.Json["credential"]!["secret"]!);
                (await cloud.GetAsync($"{V3}/users/{user}/credentials/OS-EC2/{access}")).ShouldBe(200);
            }

            var database = string.Concat(Directory.GetFiles(folder, "appliance.db*").Select(static file => File.ReadAllText(file, System.Text.Encoding.Latin1)));
            Assert.DoesNotContain(secret, database, StringComparison.Ordinal);
            Assert.DoesNotContain("correct horse", database, StringComparison.Ordinal);
            Assert.DoesNotContain(TestCloud.AdminPassword, database, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string> RobotAsync(TestCloud cloud, string user, string token)
    {
        var made = (await cloud.PostAsync($"{V3}/users/{user}/application_credentials", """{"application_credential": {"name": "robot"}}""", token))
            .ShouldBe(201).Json["application_credential"]!;
        var login = await cloud.PostAsync($"{V3}/auth/tokens", $$$"""
            {"auth": {"identity": {"methods": ["application_credential"], "application_credential":
              {"id": "{{{made["id"]}}}", "secret": "{{{made["secret"]}}}"} } } }
            """, token: "");
        return login.ShouldBe(201).Headers["X-Subject-Token"];
    }
}
