using System.Diagnostics;
using System.Text.Json.Nodes;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity.Directories;

/// <summary>Logging in with what a directory knows, and what becomes of tokens when it changes.</summary>
public class DirectoryLoginTests
{
    [Fact]
    public async Task A_password_is_proven_by_the_directory()
    {
        await using var people = await DirectoryCloud.StartAsync();

        var login = (await people.LogInAsync("Ann")).ShouldBe(201).Json["token"]!;
        var id = (string)login["user"]!["id"]!;
        Assert.Equal((await people.IdAsync("users", "Ann"), "people"), (id, (string?)login["user"]!["domain"]!["name"]));
        (await people.Cloud.LogInAsync(id, OpenLdap.Password)).ShouldBe(201);
        foreach (var refused in new[]
        {
            await people.LogInAsync("Ann", "wrong"), await people.Cloud.LogInAsync(id, "wrong"),
            await people.LogInAsync("nobody"), await people.LogInAsync("Eve"), await people.LogInAsync("*"), await people.LogInAsync("ann)(cn=*"),
        })
            refused.ShouldBeFault(401, "error", "The request you have made requires authentication.");

        await people.Ldap.ReplaceAsync("ann", "userPassword", "battery staple");
        (await people.LogInAsync("Ann")).ShouldBe(401);
        (await people.LogInAsync("Ann", "battery staple")).ShouldBe(201);
    }

    // The server is told to answer such binds with success, as Active Directory and others do.
    [Fact]
    public async Task A_name_without_a_password_proves_nothing()
    {
        await using var people = await DirectoryCloud.StartAsync();
        foreach (var password in new[] { "", "\0", "\0correct horse" })
        {
            (await people.LogInAsync("Ann", password)).ShouldBe(401);
            (await people.Cloud.LogInAsync(await people.IdAsync("users", "Ann"), password)).ShouldBe(401);
        }
    }

    [Fact]
    public async Task Roles_given_to_users_and_groups_of_a_directory_count()
    {
        await using var people = await DirectoryCloud.StartAsync();
        var project = await people.Cloud.CreateProjectAsync("p");
        var (ann, bob, staff) = (await people.IdAsync("users", "Ann"), await people.IdAsync("users", "Bob"), await people.IdAsync("groups", "Staff"));
        await people.Cloud.GrantAsync($"projects/{project}/groups/{staff}", "reader");
        await people.Cloud.GrantAsync($"projects/{project}/users/{ann}", "member");

        Assert.Equal(["member", "reader"], (await people.LogInAsync("Ann", scope: OnProject(project))).ShouldBe(201).RoleNames());
        Assert.Equal(["reader"], (await people.LogInAsync("Bob", scope: OnProject(project))).ShouldBe(201).RoleNames());
        var effective = (await people.Cloud.GetAsync($"{V3}/role_assignments?effective&include_names&scope.project.id={project}")).ShouldBe(200)
            .Json["role_assignments"]!.AsArray();
        Assert.Equal(["Ann member", "Ann reader", "Ann reader", "Bob reader"],
            effective.Select(static one => $"{one!["user"]!["name"]} {one["role"]!["name"]}").Order(StringComparer.Ordinal));
        Assert.All(effective, one => Assert.Contains((string?)one!["user"]!["id"], new[] { ann, bob }));
    }

    [Fact]
    public async Task Who_leaves_a_group_loses_its_roles()
    {
        await using var people = await DirectoryCloud.StartAsync();
        var project = await people.Cloud.CreateProjectAsync("p");
        await people.Cloud.GrantAsync($"projects/{project}/groups/{await people.IdAsync("groups", "Staff")}", "reader");
        var token = await people.TokenAsync("Bob", OnProject(project));
        Assert.Equal(200, await people.Cloud.UseAsync(token));

        await people.Ldap.ModifyAsync(
            $"dn: cn=staff,ou=UserGroups,{OpenLdap.Suffix}\nchangetype: modify\ndelete: member\nmember: cn=bob,ou=Users,{OpenLdap.Suffix}\n");

        Assert.Equal(401, await people.Cloud.UseAsync(token));
        (await people.LogInAsync("Bob", scope: OnProject(project))).ShouldBe(401);
    }

    [Fact]
    public async Task Tokens_of_who_is_disabled_or_gone_do_not_hold_again()
    {
        await using var people = await DirectoryCloud.StartAsync();
        var project = await people.Cloud.CreateProjectAsync("p");
        await people.Cloud.GrantAsync($"projects/{project}/users/{await people.IdAsync("users", "Ann")}", "member");
        await people.Cloud.GrantAsync($"projects/{project}/users/{await people.IdAsync("users", "Bob")}", "member");
        var (ann, bob) = (await people.TokenAsync("Ann", OnProject(project)), await people.TokenAsync("Bob", OnProject(project)));

        await people.Ldap.DeletePersonAsync("ann");
        await people.Ldap.ReplaceAsync("bob", "enabled", "FALSE");
        Assert.Equal((401, 401), (await people.Cloud.UseAsync(ann), await people.Cloud.UseAsync(bob)));
        Assert.Equal("Bob Eve", await people.NamesAsync("users"));

        await people.Ldap.ModifyAsync(OpenLdap.Person("ann", "Ann").Trim().Replace("objectClass: inet", "changetype: add\nobjectClass: inet", StringComparison.Ordinal) + "\n");
        await people.Ldap.ReplaceAsync("bob", "enabled", "TRUE");
        Assert.Equal(["member", "reader"], (await people.LogInAsync("Ann", scope: OnProject(project))).ShouldBe(201).RoleNames());
        (await people.LogInAsync("Bob", scope: OnProject(project))).ShouldBe(201);
        Assert.Equal((401, 401), (await people.Cloud.UseAsync(ann), await people.Cloud.UseAsync(bob)));
    }

    [Fact]
    public async Task Within_the_cache_time_a_token_lives_by_what_was_known_and_a_new_configuration_counts_at_once()
    {
        await using var people = await DirectoryCloud.StartAsync(cacheTime: TimeSpan.FromHours(1));
        var token = await people.TokenAsync("Ann");
        await people.Ldap.DeletePersonAsync("ann");
        Assert.Equal(200, await people.Cloud.UseAsync(token));
        (await people.LogInAsync("Ann")).ShouldBe(401);

        await people.ConfigureAsync(static (options, _) => options["user_mail_attribute"] = "mail");
        Assert.Equal(401, await people.Cloud.UseAsync(token));

        var bob = await people.TokenAsync("Bob");
        (await people.Cloud.DeleteAsync(people.ConfigPath)).ShouldBe(204);
        Assert.Equal(401, await people.Cloud.UseAsync(bob));
        (await people.LogInAsync("Bob")).ShouldBe(401);
        Assert.Empty(await people.ListAsync("users"));
    }

    [Fact]
    public async Task Whatever_a_user_may_own_works_for_those_of_directories()
    {
        await using var people = await DirectoryCloud.StartAsync();
        var project = await people.Cloud.CreateProjectAsync("p");
        var (ann, bob) = (await people.IdAsync("users", "Ann"), await people.IdAsync("users", "Bob"));
        await people.Cloud.GrantAsync($"projects/{project}/users/{ann}", "member");
        var token = await people.TokenAsync("Ann", OnProject(project));

        var made = (await people.Cloud.PostAsync($"{V3}/users/{ann}/application_credentials", """{"application_credential": {"name": "a"} }""", token)).ShouldBe(201);
        var credential = made.Json["application_credential"]!;
        var byCredential = new JsonObject
        {
            ["auth"] = new JsonObject
            {
                ["identity"] = new JsonObject
                {
                    ["methods"] = new JsonArray("application_credential"),
                    ["application_credential"] = new JsonObject { ["id"] = (string)credential["id"]!, ["secret"] = (string)credential["secret"]! },
                },
            },
        }.ToJsonString();
        var appToken = (await people.Cloud.PostAsync($"{V3}/auth/tokens", byCredential, token: "")).ShouldBe(201).Headers["X-Subject-Token"];
        var trust = (string)(await people.Cloud.PostAsync($"{V3}/OS-TRUST/trusts", $$"""
            {"trust": {"trustor_user_id": "{{ann}}", "trustee_user_id": "{{bob}}", "project_id": "{{project}}", "impersonation": true, "roles": [{"name": "member"}]} }
            """, token)).ShouldBe(201).Json["trust"]!["id"]!;
        var byTrust = await people.TokenAsync("Bob", new JsonObject { ["OS-TRUST:trust"] = new JsonObject { ["id"] = trust } });
        Assert.Equal((200, 200), (await people.Cloud.UseAsync(appToken), await people.Cloud.UseAsync(byTrust)));

        var local = await people.Cloud.CreateUserAsync("local");
        var toLocal = (string)(await people.Cloud.PostAsync($"{V3}/OS-TRUST/trusts", $$"""
            {"trust": {"trustor_user_id": "{{ann}}", "trustee_user_id": "{{local}}", "project_id": "{{project}}", "impersonation": false, "roles": [{"name": "member"}]} }
            """, token)).ShouldBe(201).Json["trust"]!["id"]!;
        var ofLocal = await people.Cloud.TokenOfAsync(local, "secret", new JsonObject { ["OS-TRUST:trust"] = new JsonObject { ["id"] = toLocal } });
        Assert.Equal(200, await people.Cloud.UseAsync(ofLocal));

        await people.Ldap.DeletePersonAsync("ann");
        Assert.Equal((401, 401, 401), (await people.Cloud.UseAsync(appToken), await people.Cloud.UseAsync(byTrust), await people.Cloud.UseAsync(ofLocal)));
        (await people.Cloud.PostAsync($"{V3}/auth/tokens", byCredential, token: "")).ShouldBe(401);
    }

    [Fact]
    public async Task A_directory_that_is_down_or_silent_fails_its_own_people_only()
    {
        await using var people = await DirectoryCloud.StartAsync();
        const string Words = "An unexpected error prevented the server from fulfilling your request.";
        var token = await people.TokenAsync("Ann");

        await people.ConfigureAsync(static (options, _) => options["pool_connection_timeout"] = 1);
        await people.Ldap.FreezeAsync();
        var stuck = Enumerable.Range(0, 30).Select(_ => people.LogInAsync("Bob")).ToArray();
        await people.Cloud.TokenAsync("admin", TestCloud.AdminPassword, "admin");
        (await people.Cloud.GetAsync($"{V3}/users?domain_id=default")).ShouldBe(200);
        foreach (var login in stuck)
            (await login).ShouldBeFault(500, "error", Words);
        await people.Ldap.ThawAsync();
        await people.ConfigureAsync();
        (await people.LogInAsync("Bob")).ShouldBe(201);

        await people.Ldap.StopServerAsync();
        (await people.LogInAsync("Ann")).ShouldBeFault(500, "error", Words);
        (await people.Cloud.GetAsync($"{V3}/users?domain_id={people.DomainId}")).ShouldBeFault(500, "error", Words);
        Assert.Equal(500, await people.Cloud.UseAsync(token));
        await people.Cloud.TokenAsync("admin", TestCloud.AdminPassword, "admin");

        await people.Ldap.StartServerAsync();
        Assert.Equal(200, await people.Cloud.UseAsync(token));
    }
}
