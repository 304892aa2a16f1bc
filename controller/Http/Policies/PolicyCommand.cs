namespace Appliance.Controller.Http.Policies;

/// <summary><c>appliance-controller policy explain</c>.</summary>
internal static class PolicyCommand
{
    public const string Usage = """
        usage: appliance-controller policy explain --rule SERVICE:RULE --roles ROLE,… [options]

          --project ID            project the caller's token is scoped to
          --domain ID             domain the caller's token is scoped to
          --system                the caller's token is scoped to the system
          --user ID               the caller (caller)
          --target NAME=VALUE     a value of the thing acted on, such as project_id=ID; repeatable (the caller's own)
          --policy FILE           policy overrides
        """;

    /// <param name="createEngine">Makes an engine with every service's defaults and the given override file.</param>
    /// <exception cref="FormatException">The arguments or the policy file make no sense.</exception>
    public static string Explain(string[] arguments, Func<string?, PolicyEngine> createEngine)
    {
        string? rule = null, project = null, domain = null, policy = null;
        var (user, roles, isSystem) = ("caller", Array.Empty<string>(), false);
        var target = new Dictionary<string, string?>(StringComparer.Ordinal);
        for (var i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] == "--system")
            {
                isSystem = true;
                continue;
            }

            var option = arguments[i];
            var value = ++i < arguments.Length ? arguments[i] : throw new FormatException($"{option} needs a value");
            switch (option)
            {
                case "--rule":
                    rule = value;
                    break;
                case "--roles":
                    roles = value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
                    break;
                case "--project":
                    project = value;
                    break;
                case "--domain":
                    domain = value;
                    break;
                case "--user":
                    user = value;
                    break;
                case "--policy":
                    policy = value;
                    break;
                case "--target" when value.Split('=', 2) is [var name, var content]:
                    target[name] = content;
                    break;
                default:
                    throw new FormatException($"unknown option {option}");
            }
        }

        if (rule?.Split(':', 2) is not [var service, var ruleName])
            throw new FormatException("--rule is missing or not SERVICE:RULE, such as nova:os_compute_api:servers:create");
        var caller = new Caller(user, user, "default", project, null, project is null ? null : "default", domain, isSystem, roles, "", default);
        return PolicyExplanation.Explain(createEngine(policy), service, ruleName, caller, new PolicyTarget(project, user, target));
    }
}
