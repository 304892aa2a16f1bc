using Appliance.Controller.Http;
using Appliance.Controller.Http.Policies;

namespace Appliance.Controller.Tests.Http.Policies;

public class PolicyLanguageTests
{
    private static readonly Caller Reader = new("u1", "ann", "default", "p1", "web", "d1", null, false, ["reader"], "", default);
    private static readonly Caller Admin = Reader with { Roles = ["admin"] };

    [Theory]
    [InlineData("", true)]
    [InlineData("@", true)]
    [InlineData("!", false)]
    [InlineData("role:READER", true)]
    [InlineData("role:member", false)]
    [InlineData("not role:member", true)]
    [InlineData("role:member or role:reader and user_id:u1", true)]
    [InlineData("(role:member or role:reader) and user_id:u2", false)]
    [InlineData("not (role:member or role:reader)", false)]
    [InlineData("user_id:%(target.user.id)s", true)]
    [InlineData("user_id:%(target.nothing)s", false)]
    [InlineData("not user_id:%(target.nothing)s", true)]
    [InlineData("project_id:%(project_id)s and token.project.domain.id:d1", true)]
    [InlineData("'member':%(target.role.name)s", true)]
    [InlineData("'reader':%(target.role.name)s", false)]
    [InlineData("None:%(target.role.domain_id)s", true)]
    [InlineData("domain_id:None", true)]
    [InlineData("domain_id:%(target.role.domain_id)s", false)]
    [InlineData("is_admin:1", false)]
    [InlineData("is_admin:False", true)]
    [InlineData("system_scope:all", false)]
    [InlineData("group:%(prefix)s-x", false)]
    [InlineData("rule:nobody_defined_this", false)]
    [InlineData("rule:loops", false)]
    public void Rules_mean_what_oslo_policy_says(string rule, bool holds)
    {
        var target = new PolicyTarget("p1", null, new Dictionary<string, string?>
        {
            ["target.user.id"] = "u1",
            ["target.role.name"] = "member",
            ["target.role.domain_id"] = null,
            ["prefix"] = "y",
        });
        var table = new PolicyTable(new Dictionary<string, PolicyRule> { ["loops"] = PolicyRule.Parse("loops", "rule:loops", "test") });

        Assert.Equal(holds, PolicyParser.Parse(rule).Holds(new PolicyQuestion(table, Reader, target, 0)));
    }

    [Theory]
    [InlineData("role")]
    [InlineData("(role:a")]
    [InlineData("role:a role:b")]
    [InlineData("role:a and")]
    [InlineData("user_id:%(x")]
    [InlineData("http://example.org/%(x)s")]
    public void What_is_no_rule_is_refused(string rule) => Assert.Throws<FormatException>(() => PolicyParser.Parse(rule));

    [Theory]
    [InlineData("(")]
    [InlineData("not ")]
    public void A_rule_nested_without_end_is_refused(string opening)
    {
        var rule = string.Concat(Enumerable.Repeat(opening, 1_000_000)) + "@";
        Assert.Contains("nested", Assert.Throws<FormatException>(() => PolicyParser.Parse(rule)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Overrides_count_for_every_service_that_has_the_rule_and_may_use_the_old_list_form()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, """
                # comment
                "identity:get_region": "role:auditor"
                "nova:os_compute_api:servers:create": [["role:reader", "user_id:u1"], ["role:other"]]
                auditors: role:reader
                "os_compute_api:servers:delete": rule:auditors
                """);
            var policy = new PolicyEngine(path);
            policy.Load();
            var own = PolicyTarget.Of(Reader);

            Assert.False(policy.Allows("keystone", "identity:get_region", Admin, own));
            Assert.True(policy.Allows("nova", "os_compute_api:servers:create", Reader, own));
            Assert.True(policy.Allows("nova", "os_compute_api:servers:delete", Reader, own));
            Assert.True(policy.Allows("nova", "os_compute_api:servers:show", Reader, own));
            Assert.False(policy.Allows("nova", "os_compute_api:servers:show", Reader, new PolicyTarget("p2")));
            Assert.False(policy.Allows("nova", "os_compute_api:no_such_rule", Admin, own));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_changed_file_is_read_again_and_a_broken_one_leaves_the_rules_in_force()
    {
        var path = Path.GetTempFileName();
        var clock = new ManualClock();
        try
        {
            File.WriteAllText(path, "\"identity:get_region\": \"role:reader\"");
            var policy = new PolicyEngine(path, clock);
            policy.Load();
            Assert.True(policy.Allows("keystone", "identity:get_region", Reader, PolicyTarget.Of(Reader)));

            Write("\"identity:get_region\": \"!\"", minutes: 1);
            Assert.False(policy.Allows("keystone", "identity:get_region", Reader, PolicyTarget.Of(Reader)));

            Write("\"identity:get_region\": \"and and\"", minutes: 2);
            Assert.False(policy.Allows("keystone", "identity:get_region", Reader, PolicyTarget.Of(Reader)));

            Write("{\"identity:get_region\": \"@\"}", minutes: 3);
            Assert.True(policy.Allows("keystone", "identity:get_region", Reader, PolicyTarget.Of(Reader)));
        }
        finally
        {
            File.Delete(path);
        }

        void Write(string text, int minutes)
        {
            File.WriteAllText(path, text);
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddMinutes(minutes));
            clock.Advance(TimeSpan.FromSeconds(2));
        }
    }

    [Fact]
    public void Explain_names_the_rule_and_the_check_that_decided()
    {
        var text = PolicyCommand.Explain(
            ["--rule", "nova:os_compute_api:servers:create", "--roles", "reader", "--project", "p1"], static _ => new PolicyEngine());

        Assert.StartsWith("denied: nova os_compute_api:servers:create\n", text, StringComparison.Ordinal);
        Assert.Contains("project_member_or_admin (default)", text, StringComparison.Ordinal);
        Assert.Contains("no   role:member  (roles: reader)", text, StringComparison.Ordinal);
    }

    private sealed class ManualClock : TimeProvider
    {
        private long _ticks = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;
        public override long GetTimestamp() => _ticks;
        public void Advance(TimeSpan by) => _ticks += by.Ticks;
    }
}
