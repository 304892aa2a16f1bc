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
    [InlineData("not rule:nobody_defined_this", true)]
    [InlineData("not not @", true)]
    [InlineData("not @ or @", true)]
    [InlineData("@ or @ and !", true)]
    [InlineData("(@ or @) and !", false)]
    [InlineData("! and ! or @", true)]
    [InlineData("((@) AND (@))", true)]
    [InlineData("role:%(target.role.name)s", false)]
    [InlineData("role:%(target.nothing)s", false)]
    [InlineData("True:%(target.enabled)s", true)]
    [InlineData("False:%(target.enabled)s", false)]
    [InlineData("'pre-y-post':pre-%(prefix)s-post", true)]
    [InlineData("1:1", true)]
    [InlineData("is_admin_project:True", true)]
    [InlineData("is_admin_project:False", false)]
    [InlineData("user_id:u1:x", false)]
    [InlineData("no_such_attribute:None", false)]
    public void Rules_mean_what_oslo_policy_says(string rule, bool holds)
    {
        var target = new PolicyTarget("p1", null, new Dictionary<string, string?>
        {
            ["target.user.id"] = "u1",
            ["target.role.name"] = "member",
            ["target.role.domain_id"] = null,
            ["target.enabled"] = "True",
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

    // Source: oslo_policy/_parser.py, _parse_list_rule.
    [Theory]
    [InlineData("[]", true)]
    [InlineData("[[]]", false)]
    [InlineData("[[], [\"role:member\"]]", false)]
    [InlineData("[[], [\"role:reader\"]]", true)]
    [InlineData("[[\"role:reader\", \"user_id:u2\"]]", false)]
    [InlineData("[[\"role:reader\", \"user_id:u2\"], \"user_id:u1\"]", true)]
    [InlineData("\"\"", true)]
    public void The_old_list_form_means_what_oslo_policy_says(string rule, bool holds)
    {
        var rules = PolicyFile.Read(new StringReader($"\"r\": {rule}"), "test");
        Assert.Equal(holds, rules[0].Check.Holds(new PolicyQuestion(new PolicyTable(new Dictionary<string, PolicyRule>()), Reader, new PolicyTarget("p1"), 0)));
    }

    [Fact]
    public void The_rule_called_default_counts_for_rules_that_are_referred_to_and_not_there()
    {
        var table = new PolicyTable(new Dictionary<string, PolicyRule> { ["default"] = PolicyRule.Parse("default", "role:reader", "test") });
        Assert.True(PolicyParser.Parse("rule:missing").Holds(new PolicyQuestion(table, Reader, new PolicyTarget("p1"), 0)));
        Assert.False(PolicyParser.Parse("rule:missing").Holds(new PolicyQuestion(table, Admin, new PolicyTarget("p1"), 0)));
    }

    [Fact]
    public void A_domains_token_is_never_of_the_admin_project()
    {
        var ofDomain = Reader with { ProjectId = null, DomainId = "d1" };
        var table = new PolicyTable(new Dictionary<string, PolicyRule>());
        Assert.False(PolicyParser.Parse("is_admin_project:True").Holds(new PolicyQuestion(table, ofDomain, new PolicyTarget(null), 0)));
    }

    [Fact]
    public void A_check_that_asks_another_server_is_refused_by_name()
    {
        var refused = Assert.Throws<FormatException>(() => PolicyParser.Parse("role:a or http://example.org/%(x)s"));
        Assert.Contains("http: checks are not supported", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_token_of_the_wrong_kind_is_refused_whatever_the_check_says()
    {
        var policy = new PolicyEngine();
        policy.AddDefaults("test", new StringReader("\"r\": \"@\""));
        policy.AddScopes("test", new StringReader("r\tsystem,project"));
        Assert.True(policy.Allows("test", "r", Reader, PolicyTarget.Of(Reader)));
        Assert.True(policy.Allows("test", "r", Reader with { ProjectId = null, IsSystemScoped = true }, new PolicyTarget(null)));
        Assert.False(policy.Allows("test", "r", Reader with { ProjectId = null, DomainId = "d1" }, new PolicyTarget(null)));
        var text = PolicyCommand.Explain(["--rule", "test:r", "--roles", "admin", "--domain", "d1"], _ => policy);
        Assert.StartsWith("denied: test r\n  the token is for Domain, the rule takes tokens for System, Project\n", text, StringComparison.Ordinal);
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
        using var log = new CapturedLog();
        try
        {
            File.WriteAllText(path, "\"identity:get_region\": \"role:reader\"");
            var policy = new PolicyEngine(path, clock, log);
            policy.Load();
            Assert.True(policy.Allows("keystone", "identity:get_region", Reader, PolicyTarget.Of(Reader)));

            Write("\"identity:get_region\": \"!\"", minutes: 1);
            Assert.False(policy.Allows("keystone", "identity:get_region", Reader, PolicyTarget.Of(Reader)));

            Write("\"identity:get_region\": \"and and\"", minutes: 2);
            Assert.False(policy.Allows("keystone", "identity:get_region", Reader, PolicyTarget.Of(Reader)));

            Write("{\"identity:get_region\": \"@\"}", minutes: 3);
            Assert.True(policy.Allows("keystone", "identity:get_region", Reader, PolicyTarget.Of(Reader)));

            File.Delete(path);
            clock.Advance(TimeSpan.FromSeconds(2));
            Assert.True(policy.Allows("keystone", "identity:get_region", Reader, PolicyTarget.Of(Reader)));
            Assert.Single(log.Lines, static line => line.Contains("the rules in force stay", StringComparison.Ordinal) && line.Contains("FileNotFound", StringComparison.Ordinal));

            Write("\"identity:get_region\": \"!\"", minutes: 4);
            Assert.False(policy.Allows("keystone", "identity:get_region", Reader, PolicyTarget.Of(Reader)));
            Assert.Equal(2, log.Lines.Count);
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
