using System.Text.Json.Nodes;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity.Directories;

/// <summary>What <c>[ldap]</c> options do, against a real server.</summary>
public class DirectoryOptionTests
{
    [Fact]
    public async Task StartTls_and_ldaps_are_as_good_as_the_authority()
    {
        await using var people = await DirectoryCloud.StartAsync();
        async Task<int> WithAsync(Action<JsonObject, OpenLdap> change)
        {
            await people.ConfigureAsync(change);
            return (await people.LogInAsync("Ann")).Status;
        }

        Assert.Equal(201, await WithAsync(static (options, ldap) => (options["use_tls"], options["tls_cacertfile"]) = (true, ldap.CaFile)));
        Assert.Equal(201, await WithAsync(static (options, ldap) => (options["url"], options["tls_cacertfile"]) = (ldap.TlsUrl, ldap.CaFile)));
        Assert.Equal(500, await WithAsync(static (options, ldap) => (options["use_tls"], options["tls_cacertfile"]) = (true, ldap.OtherCaFile)));
        Assert.Equal(500, await WithAsync(static (options, ldap) => (options["url"], options["tls_cacertfile"]) = (ldap.TlsUrl, ldap.OtherCaFile)));
        Assert.Equal(201, await WithAsync(static (options, ldap) =>
            (options["url"], options["tls_cacertfile"], options["tls_req_cert"]) = (ldap.TlsUrl, ldap.OtherCaFile, "never")));
        // Of another host.
        Assert.Equal(500, await WithAsync(static (options, ldap) =>
            (options["url"], options["tls_cacertfile"]) = ($"ldaps://127.0.0.2:{ldap.TlsPort}", ldap.CaFile)));
    }

    [Fact]
    public async Task A_configuration_that_cannot_work_fails_its_domain_and_no_other()
    {
        await using var people = await DirectoryCloud.StartAsync();
        foreach (var wrong in new Action<JsonObject, OpenLdap>[]
        {
            static (options, ldap) => (options["use_tls"], options["url"]) = (true, ldap.TlsUrl), static (options, _) => options["query_scope"] = "three",
            static (options, _) => options["user_filter"] = "(cn=a", static (options, _) => options["tls_cacertfile"] = "/nowhere",
            static (options, _) => options["chase_referrals"] = true, static (options, _) => options["password"] = "wrong",
            static (options, _) => options["url"] = "http://localhost", static (options, _) => options["pool_size"] = "none",
        })
        {
            await people.ConfigureAsync(wrong);
            (await people.LogInAsync("Ann")).ShouldBe(500);
            (await people.Cloud.GetAsync($"{V3}/users?domain_id=default")).ShouldBe(200);
        }

        await people.ConfigureAsync();
        (await people.LogInAsync("Ann")).ShouldBe(201);
    }

    [Fact]
    public async Task The_second_address_is_used_when_nobody_is_at_the_first()
    {
        await using var people = await DirectoryCloud.StartAsync(change: static (options, ldap) => options["url"] = $"ldap://127.0.0.1:1,{ldap.Url}");
        (await people.LogInAsync("Ann")).ShouldBe(201);
    }

    [Fact]
    public async Task Active_Directorys_account_control_says_who_is_enabled()
    {
        await using var people = await DirectoryCloud.StartAsync(
            OpenLdap.Person("carl", "Carl", "userAccountControl: 512") + OpenLdap.Person("dora", "Dora", "userAccountControl: 514"),
            change: static (options, _) => (options["user_enabled_attribute"], options["user_enabled_mask"], options["user_enabled_default"])
                = ("userAccountControl", 2, "512"));

        Assert.Equal("Dora", await people.NamesAsync("users", "&enabled=false"));
        (await people.LogInAsync("Carl")).ShouldBe(201);
        (await people.LogInAsync("Dora")).ShouldBe(401);
        (await people.LogInAsync("Ann")).ShouldBe(201);
    }

    [Fact]
    public async Task A_group_can_say_who_is_enabled()
    {
        await using var people = await DirectoryCloud.StartAsync(change: static (options, _) =>
        {
            options["user_enabled_emulation"] = true;
            options["user_enabled_emulation_dn"] = $"CN=admins, ou=UserGroups,{OpenLdap.Suffix}";
        });
        Assert.Equal("Ann", await people.NamesAsync("users", "&enabled=true"));
        (await people.LogInAsync("Ann")).ShouldBe(201);
        (await people.LogInAsync("Bob")).ShouldBe(401);
    }

    [Fact]
    public async Task Names_filters_scopes_and_further_attributes_are_the_operators_choice()
    {
        await using var people = await DirectoryCloud.StartAsync(
            $"\ndn: ou=Deep,ou=Users,{OpenLdap.Suffix}\nobjectClass: organizationalUnit\nou: Deep\n"
            + OpenLdap.Person("zoe", "Zoe", "employeeType: staff\ntelephoneNumber: 123").Replace("cn=zoe,", "cn=zoe,ou=Deep,", StringComparison.Ordinal),
            change: static (options, _) =>
            {
                options["query_scope"] = "sub";
                options["user_name_attribute"] = "cn";
                options["user_filter"] = "(|(employeeType=staff)(cn=a*))";
                options["user_additional_attribute_mapping"] = new JsonArray("telephoneNumber:phone");
            });

        Assert.Equal("ann zoe", await people.NamesAsync("users"));
        Assert.Equal("123", (string?)(await people.ListAsync("users", "&name=zoe"))[0]!["phone"]);
        (await people.LogInAsync("zoe")).ShouldBe(201);
        (await people.LogInAsync("bob")).ShouldBe(401);
    }

    [Fact]
    public async Task Active_Directorys_binary_ids_are_looked_up_as_such()
    {
        const string Uuid = "0f8fad5b-d9cb-469f-a165-70867728950e";
        await using var people = await DirectoryCloud.StartAsync(
            OpenLdap.Person("carl", "Carl", $"objectGUID:: {Convert.ToBase64String(new Guid(Uuid).ToByteArray())}"),
            change: static (options, _) => options["user_id_attribute"] = "objectGUID");

        Assert.Equal("Carl", await people.NamesAsync("users"));
        (await people.Cloud.GetAsync($"{V3}/users/{await people.IdAsync("users", "Carl")}")).ShouldBe(200);
        (await people.LogInAsync("Carl")).ShouldBe(201);
    }

    [Fact]
    public async Task Members_can_be_named_by_id()
    {
        await using var people = await DirectoryCloud.StartAsync(
            $"\ndn: cn=posix,ou=UserGroups,{OpenLdap.Suffix}\nobjectClass: posixGroup\ncn: posix\ngidNumber: 1\nmemberUid: bob\n",
            change: static (options, _) =>
            {
                options["group_objectclass"] = "posixGroup";
                options["group_name_attribute"] = "cn";
                options["group_member_attribute"] = "memberUid";
                options["group_members_are_ids"] = true;
            });
        var (bob, posix) = (await people.IdAsync("users", "Bob"), await people.IdAsync("groups", "posix"));

        Assert.Equal(bob, (string?)Assert.Single((await people.Cloud.GetAsync($"{V3}/groups/{posix}/users")).ShouldBe(200).Json["users"]!.AsArray())!["id"]);
        Assert.Equal(posix, (string?)Assert.Single((await people.Cloud.GetAsync($"{V3}/users/{bob}/groups")).ShouldBe(200).Json["groups"]!.AsArray())!["id"]);
    }
}
