using System.Text.Json.Nodes;
using CsCheck;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

/// <summary>After any changes the effective assignments, by every filter, and the roles in tokens are what the definition says.</summary>
public class EffectiveAssignmentProperties
{
    [Fact]
    public async Task The_effective_view_is_what_a_naive_recomputation_says()
    {
        await using var cloud = await TestCloud.StartAsync();
        var model = new AssignmentModel(cloud);
        await model.PopulateAsync();
        await ReachEveryKindAsync(model);
        await CheckAsync(cloud, model);

        await Gen.Select(Gen.Int[0, 6], Gen.Int[0, 999], Gen.Int[0, 999]).Array[10].SampleAsync(async steps =>
        {
            foreach (var (step, a, b) in steps)
                await StepAsync(model, step, a, b);
            await CheckAsync(cloud, model);
        }, iter: 6, threads: 1);
    }

    // Each way that a role gets somewhere at least once, whatever comes at random after it.
    private static async Task ReachEveryKindAsync(AssignmentModel model)
    {
        var (user, group, domain, roles) = (model.Users[0], model.Groups[0], model.Domains[0], model.Roles);
        await model.ToggleMemberAsync(group, model.Users[1]);
        await model.ToggleMemberAsync(group, model.Users[2]);
        await model.ToggleImpliedAsync(roles[0], roles[1]);
        await model.ToggleImpliedAsync(roles[1], roles[2]);
        await model.ToggleImpliedAsync(roles[2], roles[0]);      // a circle
        await model.ToggleImpliedAsync(roles[4], roles[3]);      // a domain's role stands for a global one
        foreach (var project in model.Projects)
            await model.ToggleGrantAsync(new Granted("user", user, "project " + project, roles[3], Inherited: true));
        await model.ToggleGrantAsync(new Granted("group", group, "domain " + domain, roles[4], Inherited: true));
        await model.ToggleGrantAsync(new Granted("group", group, "domain " + domain, roles[0], Inherited: false));
        await model.ToggleGrantAsync(new Granted("user", model.Users[1], "project " + model.Projects[0], roles[1], Inherited: false));
        Assert.Equal(3, model.Effective(null).Select(static held => held.User).Distinct().Count());
    }

    private static Task StepAsync(AssignmentModel model, int step, int a, int b) => step switch
    {
        0 => model.Projects.Count < 9 ? model.AddProjectAsync(Pick([.. model.Projects, .. model.Domains], a)) : model.DeleteProjectAsync(Pick(model.Projects, a)),
        1 => model.ToggleMemberAsync(Pick(model.Groups, a), Pick(model.Users, b)),
        2 => model.ToggleImpliedAsync(Pick(model.Roles, a), Pick(model.Roles, b)),
        _ => model.ToggleGrantAsync(new Granted(
            a % 3 == 0 ? "group" : "user", Pick(a % 3 == 0 ? model.Groups : model.Users, a / 3),
            b % 3 == 0 ? "domain " + Pick(model.Domains, b / 3) : "project " + Pick(model.Projects, b / 3), Pick(model.Roles, a / 9), b % 2 == 0)),
    };

    private static async Task CheckAsync(TestCloud cloud, AssignmentModel model)
    {
        var all = model.Effective(null);
        await ShouldShowAsync(cloud, model, "", all);
        await ShouldShowAsync(cloud, model, "&scope.OS-INHERIT:inherited_to=projects", model.Effective(inherited: true));
        foreach (var user in model.Users)
            await ShouldShowAsync(cloud, model, $"&user.id={user}", all.Where(held => held.User == user));
        foreach (var role in model.Roles)
            await ShouldShowAsync(cloud, model, $"&role.id={role}", all.Where(held => held.Role == role));
        foreach (var domain in model.Domains)
            await ShouldShowAsync(cloud, model, $"&scope.domain.id={domain}", model.Effective(inherited: false).Where(held => held.Target == "domain " + domain));
        foreach (var project in model.Projects)
        {
            var on = all.Where(held => held.Target == "project " + project).ToArray();
            var user = model.Users[project[0] % model.Users.Count];
            await ShouldShowAsync(cloud, model, $"&scope.project.id={project}", on);
            await ShouldShowAsync(cloud, model, $"&scope.project.id={project}&user.id={user}", on.Where(held => held.User == user));
            var tree = model.Tree(project).Select(static id => "project " + id).ToHashSet();
            await ShouldShowAsync(cloud, model, $"&scope.project.id={project}&include_subtree", all.Where(held => tree.Contains(held.Target)));
            await TokenShouldCarryAsync(cloud, user, project, [.. on.Where(held => held.User == user).Select(static held => held.Role)]);
        }
    }

    private static async Task ShouldShowAsync(TestCloud cloud, AssignmentModel model, string filter, IEnumerable<Held> expected)
    {
        var shown = (await cloud.GetAsync($"{V3}/role_assignments?effective{filter}")).ShouldBe(200).Json["role_assignments"]!.AsArray()
            .Where(assignment => model.Users.Contains((string?)assignment!["user"]?["id"] ?? ""))      // not the administrator's
            .Select(static assignment => new Held((string)assignment!["user"]!["id"]!, TargetOf(assignment["scope"]!), (string)assignment["role"]!["id"]!));
        Assert.Equal(Order(expected), Order(shown));
    }

    // Without a role there is no token.
    private static async Task TokenShouldCarryAsync(TestCloud cloud, string user, string project, HashSet<string> roles)
    {
        var login = await cloud.LogInAsync(user, "secret", OnProject(project));
        login.ShouldBe(roles.Count > 0 ? 201 : 401);
        if (roles.Count > 0)
            Assert.Equal(roles.Order(StringComparer.Ordinal), login.Json["token"]!["roles"]!.AsArray()
                .Select(static role => (string)role!["id"]!).Order(StringComparer.Ordinal));
    }

    private static string TargetOf(JsonNode scope) => scope["project"] is { } project ? $"project {project["id"]}" : $"domain {scope["domain"]!["id"]}";

    private static List<string> Order(IEnumerable<Held> held) => [.. held.Distinct().Select(static one => one.ToString()).Order(StringComparer.Ordinal)];

    private static T Pick<T>(IReadOnlyList<T> items, int number) => items[number % items.Count];
}
