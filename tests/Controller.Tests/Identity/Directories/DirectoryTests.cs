using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Appliance.Controller.Identity.Settings;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity.Directories;

/// <summary>Reading a domain's users and groups from its directory.</summary>
public class DirectoryTests
{
    [Fact]
    public async Task Users_and_groups_of_a_domain_are_those_of_its_directory()
    {
        await using var people = await DirectoryCloud.StartAsync();
        var ann = await people.IdAsync("users", "Ann");
        var admins = await people.IdAsync("groups", "Admins");

        Assert.Equal("Ann Bob Eve", await people.NamesAsync("users"));
        Assert.Equal("Admins Staff", await people.NamesAsync("groups"));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(people.DomainId + "user" + "ann"))), ann);
        var shown = (await people.Cloud.GetAsync($"{V3}/users/{ann}")).ShouldBe(200).Json["user"]!;
        Assert.Equal(("Ann", "ann@example.org", "the first", people.DomainId, true),
            ((string?)shown["name"], (string?)shown["email"], (string?)shown["description"], (string?)shown["domain_id"], (bool)shown["enabled"]!));
        Assert.Null(shown["dn"]);
        Assert.Equal("Admins", (string?)(await people.Cloud.GetAsync($"{V3}/groups/{admins}")).ShouldBe(200).Json["group"]!["name"]);
    }

    [Fact]
    public async Task Memberships_are_the_directorys()
    {
        await using var people = await DirectoryCloud.StartAsync();
        var (ann, bob) = (await people.IdAsync("users", "Ann"), await people.IdAsync("users", "Bob"));
        var admins = await people.IdAsync("groups", "Admins");

        Assert.Equal(2, (await people.Cloud.GetAsync($"{V3}/users/{ann}/groups")).ShouldBe(200).Json["groups"]!.AsArray().Count);
        Assert.Equal("Staff", (string?)(await people.Cloud.GetAsync($"{V3}/users/{bob}/groups")).ShouldBe(200).Json["groups"]![0]!["name"]);
        Assert.Equal(ann, (string?)Assert.Single((await people.Cloud.GetAsync($"{V3}/groups/{admins}/users")).ShouldBe(200).Json["users"]!.AsArray())!["id"]);
        (await people.Cloud.GetAsync($"{V3}/groups/{admins}/users/{ann}")).ShouldBe(204);
        (await people.Cloud.GetAsync($"{V3}/groups/{admins}/users/{bob}")).ShouldBe(404);

        await people.Ldap.ModifyAsync(
            $"dn: cn=admins,ou=UserGroups,{OpenLdap.Suffix}\nchangetype: modify\nadd: member\nmember: cn=bob,ou=Users,{OpenLdap.Suffix}\n");
        (await people.Cloud.GetAsync($"{V3}/groups/{admins}/users/{bob}")).ShouldBe(204);
    }

    [Fact]
    public async Task Filters_find_what_they_name_and_nothing_can_be_smuggled_in()
    {
        await using var people = await DirectoryCloud.StartAsync();
        foreach (var (query, names) in new[]
        {
            ("name=Ann", "Ann"), ("name=ANN", "Ann"),           // as directories compare
            ("name__contains=n", "Ann"), ("name__contains=N", ""), ("name__icontains=E", "Eve"), ("name__startswith=B", "Bob"),
            ("name__iendswith=B", "Bob"), ("enabled=false", "Eve"), ("enabled=true&name__contains=o", "Bob"),
            ("name=*", ""), ("name=*)(objectClass=*", ""), ("name=%00", ""), ("name__contains=)(cn=*", ""), (@"name=\41nn", ""),
        })
            Assert.Equal((query, names), (query, await people.NamesAsync("users", "&" + query)));
    }

    [Fact]
    public async Task A_directory_is_never_written()
    {
        await using var people = await DirectoryCloud.StartAsync();
        var (ann, admins) = (await people.IdAsync("users", "Ann"), await people.IdAsync("groups", "Admins"));
        var local = await people.Cloud.CreateUserAsync("local");
        var localGroup = await people.Cloud.CreateAsync("groups", "group", new() { ["name"] = "local" });
        const string Words = "You are not authorized to perform the requested action.";

        foreach (var (method, path, body) in new[]
        {
            (HttpMethod.Post, "users", $$"""{"user": {"name": "new", "domain_id": "{{people.DomainId}}"} }"""),
            (HttpMethod.Patch, $"users/{ann}", """{"user": {"email": "other@example.org"} }"""),
            (HttpMethod.Delete, $"users/{ann}", null),
            (HttpMethod.Post, $"users/{ann}/password", $$"""{"user": {"original_password": "{{OpenLdap.Password}}", "password": "new"} }"""),
            (HttpMethod.Post, "groups", $$"""{"group": {"name": "new", "domain_id": "{{people.DomainId}}"} }"""),
            (HttpMethod.Patch, $"groups/{admins}", """{"group": {"description": "other"} }"""),
            (HttpMethod.Delete, $"groups/{admins}", null),
            (HttpMethod.Put, $"groups/{admins}/users/{ann}", null),
            (HttpMethod.Delete, $"groups/{admins}/users/{ann}", null),
        })
            (await people.Cloud.SendAsync(method, $"{V3}/{path}", body)).ShouldBeFault(403, "error", Words);

        foreach (var path in new[] { $"groups/{admins}/users/{local}", $"groups/{localGroup}/users/{ann}" })
            (await people.Cloud.PutAsync($"{V3}/{path}", "")).ShouldBeFault(403, "error", "Group membership across backend boundaries is not allowed");
        (await people.Cloud.PostAsync($"{V3}/users/{ann}/password", """{"user": {"original_password": "wrong", "password": "new"} }""")).ShouldBe(401);
    }

    [Fact]
    public async Task Lists_go_page_by_page_past_the_servers_limit_and_stop_at_ours()
    {
        var many = string.Concat(Enumerable.Range(0, 600).Select(static i => OpenLdap.Person($"u{i}", $"User {i}")));
        await using var people = await DirectoryCloud.StartAsync(many);

        (await people.Cloud.GetAsync($"{V3}/users?domain_id={people.DomainId}"))
            .ShouldBeFault(500, "error", "Number of User/Group entities returned by LDAP exceeded size limit");
        await people.ConfigureAsync(static (options, _) => options["page_size"] = 100);
        Assert.Equal(603, (await people.ListAsync("users")).Count);

        var page = (await people.Cloud.GetAsync($"{V3}/users?domain_id={people.DomainId}&limit=2")).ShouldBe(200).Json;
        Assert.True((bool)page["truncated"]!);
        Assert.Equal(2, page["users"]!.AsArray().Count);
        var next = (await people.Cloud.GetAsync((string)page["links"]!["next"]!)).ShouldBe(200).Json["users"]!.AsArray();
        Assert.DoesNotContain((string?)page["users"]![1]!["id"], next.Select(static user => (string?)user!["id"]));

        (await people.Cloud.PatchAsync(people.ConfigPath, """{"config": {"identity": {"list_limit": 7} } }""")).ShouldBe(200);
        var limited = (await people.Cloud.GetAsync($"{V3}/users?domain_id={people.DomainId}")).ShouldBe(200).Json;
        Assert.Equal((7, true), (limited["users"]!.AsArray().Count, (bool)limited["truncated"]!));
    }

    [Fact]
    public async Task One_domain_is_listed_at_a_time()
    {
        await using var people = await DirectoryCloud.StartAsync();
        var onSystem = (await people.Cloud.PostAsync($"{V3}/auth/tokens", $$"""
            {"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "admin", "domain": {"id": "default"},
              "password": "{{TestCloud.AdminPassword}}"} } }, "scope": {"system": {"all": true} } } }
            """, token: "")).ShouldBe(201).Headers["X-Subject-Token"];

        (await people.Cloud.GetAsync($"{V3}/users", onSystem)).ShouldBe(401);
        var ofProject = (await people.Cloud.GetAsync($"{V3}/users")).ShouldBe(200).Json["users"]!.AsArray();
        Assert.Equal("admin", (string?)Assert.Single(ofProject)!["name"]);
        Assert.Equal(3, (await people.ListAsync("users")).Count);
    }

    [Fact]
    public async Task Own_users_and_those_of_a_directory_may_have_the_same_name()
    {
        await using var ldap = await OpenLdap.StartAsync();
        await using var cloud = await TestCloud.StartAsync(configure: static options => options with { Identity = DirectoryCloud.Settings(TimeSpan.Zero) });
        var domain = await cloud.CreateAsync("domains", "domain", new() { ["name"] = "people" });
        var own = await cloud.CreateUserAsync("Ann", "own password", domain);
        await cloud.CreateAsync("groups", "group", new() { ["name"] = "Admins", ["domain_id"] = domain });
        (await cloud.PutAsync($"{V3}/domains/{domain}/config", new JsonObject
        {
            ["config"] = new JsonObject
            {
                ["identity"] = new JsonObject { ["driver"] = "ldap" },
                ["ldap"] = new JsonObject { ["url"] = ldap.Url, ["suffix"] = OpenLdap.Suffix },
            },
        }.ToJsonString())).ShouldBe(201);

        var listed = (await cloud.GetAsync($"{V3}/users?domain_id={domain}&name=Ann")).ShouldBe(200).Json["users"]!.AsArray();
        Assert.NotEqual(own, (string?)Assert.Single(listed)!["id"]);
        Assert.Equal(2, (await cloud.GetAsync($"{V3}/groups?domain_id={domain}")).ShouldBe(200).Json["groups"]!.AsArray().Count);
        (await cloud.LogInAsync(own, "own password")).ShouldBe(201);
        (await cloud.LogInAsync((string)listed[0]!["id"]!, OpenLdap.Password)).ShouldBe(201);
    }

    [Fact]
    public async Task Configurations_are_read_from_files_too()
    {
        await using var ldap = await OpenLdap.StartAsync();
        var folder = Directory.CreateTempSubdirectory("appliance-domains-").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "keystone.people.conf"),
            $"[identity]\ndriver = ldap\n[ldap]\nurl = {ldap.Url}\nsuffix = {OpenLdap.Suffix}\nconnection_timeout = 5\n");
        await using var cloud = await TestCloud.StartAsync(configure: options => options with
        {
            Identity = new IdentitySettings { Drivers = new() { DomainSpecificDriversEnabled = true, DomainConfigDir = folder } },
        });
        var domain = await cloud.CreateAsync("domains", "domain", new() { ["name"] = "people" });

        Assert.Equal(3, (await cloud.GetAsync($"{V3}/users?domain_id={domain}")).ShouldBe(200).Json["users"]!.AsArray().Count);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Without_the_switch_nobody_comes_from_a_directory()
    {
        await using var ldap = await OpenLdap.StartAsync();
        var data = Directory.CreateTempSubdirectory("appliance-test-").FullName;
        string domain, ann;
        await using (var cloud = await TestCloud.StartAsync(data, static options => options with { Identity = DirectoryCloud.Settings(TimeSpan.Zero) }))
        {
            domain = await cloud.CreateAsync("domains", "domain", new() { ["name"] = "people" });
            (await cloud.PutAsync($"{V3}/domains/{domain}/config", $$"""
                {"config": {"identity": {"driver": "ldap"}, "ldap": {"url": "{{ldap.Url}}", "suffix": "{{OpenLdap.Suffix}}"} } }
                """)).ShouldBe(201);
            ann = (string)(await cloud.GetAsync($"{V3}/users?domain_id={domain}&name=Ann")).ShouldBe(200).Json["users"]![0]!["id"]!;
            (await cloud.GetAsync($"{V3}/users/{ann}")).ShouldBe(200);
        }

        await using (var cloud = await TestCloud.StartAsync(data))
        {
            (await cloud.GetAsync($"{V3}/users/{ann}")).ShouldBe(404);
            Assert.Empty((await cloud.GetAsync($"{V3}/users?domain_id={domain}")).ShouldBe(200).Json["users"]!.AsArray());
            (await cloud.LogInAsync(ann, OpenLdap.Password)).ShouldBe(401);
        }

        Directory.Delete(data, recursive: true);
    }
}
