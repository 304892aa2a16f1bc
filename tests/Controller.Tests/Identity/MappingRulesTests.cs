using System.Text.Json;
using Appliance.Controller.Identity.Federation.Mappings;

namespace Appliance.Controller.Tests.Identity;

public class MappingRulesTests
{
    private static readonly Dictionary<string, IReadOnlyList<string>> Assertion = new()
    {
        ["sub"] = ["ann"],
        ["groups"] = ["staff", "bakers", "guests"],
        ["type"] = ["Employee"],
        ["openstack_groups"] = ["""JSON:{"name": "bakers", "domain": {"name": "Default"}}""", """JSON:{"name": "staff", "domain": {"id": "d2"}}"""],
        ["projects"] = ["""[{"name": "web", "roles": [{"name": "member"}]}, {"name": "mail", "domain": {"id": "other"}, "roles": []}]"""],
        ["bad"] = ["""JSON:{"name": "bakers"}""", """[{"name": "web", "roles": "member"}]""", "[", "1"],
    };

    [Theory]
    [InlineData("""{"type": "sub"}""", "ann")]
    [InlineData("""{"type": "sub"}, {"type": "type", "any_one_of": ["Employee"]}""", "ann")]
    [InlineData("""{"type": "sub"}, {"type": "type", "any_one_of": ["^Emp"], "regex": true}""", "ann")]
    [InlineData("""{"type": "sub"}, {"type": "type", "any_one_of": ["^Emp"]}""", null)]
    [InlineData("""{"type": "sub"}, {"type": "type", "not_any_of": ["Employee"]}""", null)]
    [InlineData("""{"type": "sub"}, {"type": "type", "not_any_of": ["Guest"]}""", "ann")]
    [InlineData("""{"type": "sub"}, {"type": "missing"}""", null)]
    [InlineData("""{"type": "sub"}, {"type": "type", "any_one_of": ["("], "regex": true}""", null)]
    public void A_rule_applies_when_all_its_conditions_hold(string remote, string? user)
    {
        var outcome = Apply($$$"""[{"local": [{"user": {"name": "{0}"} }], "remote": [{{{remote}}}]}]""");
        Assert.Equal(user, outcome?.User!.Name);
    }

    [Theory]
    [InlineData("""{"type": "groups"}""", "staff bakers guests")]
    [InlineData("""{"type": "groups", "whitelist": ["bakers", "cooks"]}""", "bakers")]
    [InlineData("""{"type": "groups", "blacklist": ["guests"]}""", "staff bakers")]
    [InlineData("""{"type": "groups", "blacklist": ["^b", "^g"], "regex": true}""", "staff")]
    public void Lists_of_groups_are_let_through_one_by_one(string condition, string names)
    {
        var outcome = Apply($$$"""
            [{"local": [{"user": {"name": "{0}"} }, {"groups": "{1}", "domain": {"name": "d"} }], "remote": [{"type": "sub"}, {{{condition}}}]}]
            """);
        Assert.Equal(names, string.Join(' ', outcome!.Groups.Select(static group => group.Name)));
        Assert.All(outcome.Groups, static group => Assert.Equal("d", group.DomainName));
    }

    [Fact]
    public void The_first_user_counts_and_the_rest_adds_up()
    {
        var outcome = Apply("""
            [{"local": [{"user": {"name": "{0} of {1}", "email": "{0}@x"}, "group": {"id": "g1"} }], "remote": [{"type": "sub"}, {"type": "type"}]},
             {"local": [{"user": {"name": "other", "type": "local"} }, {"group_ids": "{0}"},
                {"projects": [{"name": "of {0}", "roles": [{"name": "member"}]}]}], "remote": [{"type": "sub"}]}]
            """)!;
        Assert.Equal("ann of Employee", outcome.User!.Name);
        Assert.Equal("ann@x", outcome.Email);
        Assert.False(outcome.IsLocal);
        Assert.Equal(["g1", "ann"], outcome.Groups.Select(static group => group.Id));
        Assert.Equal(("of ann", "member"), (outcome.Projects[0].Project.Name, outcome.Projects[0].RoleNames[0]));
    }

    [Theory]
    [InlineData("""{"user": {"name": "{7}"} }""")]
    [InlineData("""{"groups": "{0}"}""")]
    public void What_a_rule_cannot_mean_proves_nothing(string local) =>
        Assert.Null(Apply($$$"""[{"local": [{{{local}}}], "remote": [{"type": "sub"}]}]"""));

    [Fact]
    public void Groups_of_another_cloud_bring_their_domains()
    {
        var outcome = Apply("""[{"local": [{"user": {"name": "{0}"}, "groups": "{1}"}], "remote": [{"type": "sub"}, {"type": "openstack_groups"}]}]""")!;
        Assert.Equal([("bakers", null, "Default"), ("staff", "d2", null)], outcome.Groups.Select(static group => (group.Name, group.DomainId, group.DomainName)));
        Assert.Null(Apply("""[{"local": [{"user": {"name": "{0}"}, "groups": "{1}"}], "remote": [{"type": "sub"}, {"type": "bad"}]}]"""));
    }

    [Theory]
    [InlineData("1.0", null)]
    [InlineData("2.0", "d")]
    [InlineData("3.0", "d")]
    public void From_the_second_version_on_a_parts_domain_is_its_users_and_projects(string version, string? domain)
    {
        var outcome = Apply("""
            [{"local": [{"user": {"name": "{0}"}, "projects": [{"name": "web", "roles": []}, {"name": "mail", "domain": {"id": "other"}, "roles": []}],
                "domain": {"id": "d"} }], "remote": [{"type": "sub"}]}]
            """, version)!;
        Assert.Equal(domain, outcome.User!.DomainId);
        Assert.Equal([domain, "other"], outcome.Projects.Select(static project => project.Project.DomainId));
        Assert.Equal(version == "3.0", outcome.SyncsProjects);
    }

    [Fact]
    public void In_the_third_version_the_provider_says_projects_as_JSON()
    {
        var outcome = Apply("""
            [{"local": [{"user": {"name": "{0}"}, "projects_json": "{1}", "domain": {"id": "d"} }], "remote": [{"type": "sub"}, {"type": "projects"}]}]
            """, "3.0")!;
        Assert.Equal([("web", "d"), ("mail", "other")], outcome.Projects.Select(static project => (project.Project.Name!, project.Project.DomainId!)));
        Assert.Equal(["member"], outcome.Projects[0].RoleNames);
        Assert.Null(Apply("""
            [{"local": [{"user": {"name": "{0}"}, "projects_json": "{1}"}], "remote": [{"type": "sub"}, {"type": "bad"}]}]
            """, "3.0"));
    }

    private static MappedIdentity? Apply(string rules, string version = Mapping.DefaultVersion)
    {
        using var document = JsonDocument.Parse(rules);
        return MappingRules.Apply(document.RootElement, Assertion, MappingDialect.Of(version)).Failed(out _, out var identity) ? null : identity;
    }
}
