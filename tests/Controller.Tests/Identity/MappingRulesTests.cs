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

    private static MappedIdentity? Apply(string rules)
    {
        using var document = JsonDocument.Parse(rules);
        return MappingRules.Apply(document.RootElement, Assertion).Failed(out _, out var identity) ? null : identity;
    }
}
