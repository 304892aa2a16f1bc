using System.Text.Encodings.Web;
using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Access;

namespace Appliance.Controller.Identity.Federation.Assertions;

/// <summary>What an assertion says of somebody: names only, for ids mean nothing to another cloud.</summary>
/// <param name="Groups"><c>JSON:{"name": …, "domain": {"name": …}}</c>, as mappings take it apart.</param>
internal sealed record SamlSubject(
    string User, string UserDomain, IReadOnlyList<string> Roles, string Project, string ProjectDomain, IReadOnlyList<string> Groups)
{
    /// <param name="access">Of a project.</param>
    /// <returns>400 for a name with a character that XML has none for.</returns>
    public static Outcome<SamlSubject> Of(AccessGrant access, IReadOnlyList<(string Name, string Domain)> groups)
    {
        var (user, project) = (access.User, access.Target!);
        var subject = new SamlSubject(
            user.Name, user.Domain.Name, access.RoleNames, project.Name, project.Domain.Name, [.. groups.Select(static group => Describe(group.Name, group.Domain))]);
        string[] all = [subject.User, subject.UserDomain, .. subject.Roles, subject.Project, subject.ProjectDomain, .. subject.Groups];
        return all.All(CanonicalXml.CanCarry)
            ? subject
            : IdentityFaults.Invalid("A name of the user, its project, roles or groups has a character that XML cannot carry.");
    }

    // As Python's json writes it.
    private static string Describe(string name, string domain) =>
        $$$"""JSON:{"name": "{{{Escape(name)}}}", "domain": {"name": "{{{Escape(domain)}}}"}}""";

    private static string Escape(string text) => JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString();
}
