using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Appliance.Controller.Http;
using Appliance.Controller.Tests.Identity;
using CsCheck;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Fuzzing;

/// <summary>Every operation of Identity that reads a body or a query, with things that exist in its path: no request makes a server error.</summary>
public partial class RequestReaderFuzz
{
    private static readonly string[] Queries =
    [
        "", "", "?limit=2", "?limit=-1", "?marker=%00&limit=9", "?name__contains=%25&enabled=maybe", "?effective&include_names&scope.project.id=x", "?include_subtree",
        "?user.id=x&scope.OS-INHERIT:inherited_to=domains", "?tags=a,b&not-tags-any=%2c", "?parents_as_list&subtree_as_ids", "?password_expires_at=lt:2026-13-01T00:00:00Z",
        "?since=yesterday", "?nocatalog&allow_expired=%ff", "?parent_region_id=&interface=all&service_id=x", "?type=ec2&user_id=x", "?sort_key=%27&a=%F0%9F%98%80",
    ];

    [Fact]
    public async Task No_request_makes_a_server_error()
    {
        await using var cloud = await TestCloud.StartAsync();
        var ids = await PopulateAsync(cloud);
        var bodies = new GeneratedBodies(ids);
        var operations = ApiEndpoints.Collect(cloud.Host.Services.All).Where(static operation =>
            operation.Service.Name == "keystone" && operation.Method is "POST" or "PUT" or "PATCH" or "GET").ToArray();

        if (Fuzz.IsLong)
        {
            var any = Gen.OneOf([.. operations.Select(operation => Requests(operation, bodies, ids))]);
            await Fuzz.RunAsync(any, 0, 0, request => SendAsync(cloud, request));
            return;
        }

        // Each with inputs of its own, so that a new operation changes nothing for the others.
        foreach (var operation in operations)
            await Fuzz.RunAsync(Requests(operation, bodies, ids), SeedOf(operation), operation.Method == "GET" ? 3 : 12, request => SendAsync(cloud, request));
    }

    private sealed record Fuzzed(string Method, string Path, string Body, string Subject);

    private static Gen<Fuzzed> Requests(ApiOperation operation, GeneratedBodies bodies, string[] ids)
    {
        var body = operation.Method == "GET" ? Gen.Const("")
            : operation.Pattern.Contains("/mappings", StringComparison.Ordinal)
                ? Gen.OneOf(bodies.For(["mapping"]), GeneratedMappings.Mapping.Select(static mapping => $$"""{"mapping": {{mapping}}}"""))
                : bodies.For(Members(operation.Pattern));
        return Gen.Select(Gen.OneOf([.. ids, "x", "%20", "..%2F", new string('a', 300)]).Array[4], Gen.OneOf(Queries), body, Gen.String[Gen.Char[' ', '~'], 0, 200],
            (parts, query, text, subject) => new Fuzzed(operation.Method, Fill(operation.Pattern, parts) + query, text, subject));
    }

    private static async Task SendAsync(TestCloud cloud, Fuzzed fuzzed)
    {
        using var request = new HttpRequestMessage(new HttpMethod(fuzzed.Method), fuzzed.Path);
        request.Headers.Add("X-Auth-Token", await cloud.AdminTokenAsync());
        request.Headers.TryAddWithoutValidation("X-Subject-Token", fuzzed.Subject);
        if (fuzzed.Method != "GET")
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(fuzzed.Body));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        using var response = await cloud.Http.SendAsync(request);
        var answer = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode < 500, $"{fuzzed.Method} {fuzzed.Path}\n{fuzzed.Body}\n{(int)response.StatusCode} {answer}");
        Assert.True(response.StatusCode != System.Net.HttpStatusCode.Unauthorized || fuzzed.Path.Contains("/auth/", StringComparison.Ordinal)
            || fuzzed.Path.Contains("password", StringComparison.Ordinal) || fuzzed.Path.Contains("tokens", StringComparison.Ordinal)
            || fuzzed.Path.Contains("/OS-", StringComparison.Ordinal), $"the administrator was locked out by {fuzzed}");
    }

    // One of each kind that is small to make; none that the administrator needs.
    private static async Task<string[]> PopulateAsync(TestCloud cloud)
    {
        var domain = await cloud.CreateAsync("domains", "domain", new JsonObject { ["name"] = "fuzzed" });
        var project = await cloud.CreateProjectAsync("fuzzed", domain: domain);
        var user = await cloud.CreateUserAsync("fuzzed", domain: domain);
        var service = await cloud.CreateAsync("services", "service", new JsonObject { ["type"] = "fuzzed" });
        (await cloud.PutAsync($"{V3}/OS-FEDERATION/identity_providers/fuzzed", """{"identity_provider": {"enabled": true}}""")).ShouldBe(201);
        (await cloud.PutAsync($"{V3}/OS-FEDERATION/mappings/fuzzed",
            """{"mapping": {"rules": [{"local": [{"user": {"name": "{0}"}}], "remote": [{"type": "sub"}]}]}}""")).ShouldBe(201);
        return
        [
            domain, project, user, service, "fuzzed",
            await cloud.CreateProjectAsync("below", project, domain),
            await cloud.CreateAsync("groups", "group", new JsonObject { ["name"] = "fuzzed", ["domain_id"] = domain }),
            await cloud.CreateAsync("roles", "role", new JsonObject { ["name"] = "fuzzed" }),
            await cloud.CreateAsync("regions", "region", new JsonObject { ["description"] = "fuzzed" }),
            await cloud.CreateAsync("endpoints", "endpoint", new JsonObject { ["service_id"] = service, ["interface"] = "public", ["url"] = "http://x" }),
            await cloud.CreateAsync("credentials", "credential", new JsonObject
            {
                ["user_id"] = user, ["type"] = "ec2", ["project_id"] = project, ["blob"] = """{"access": "a", "secret": "s"}""",
            }),
            await cloud.CreateAsync("policies", "policy", new JsonObject { ["type"] = "text/plain", ["blob"] = "x" }),
        ];
    }

    private static string Fill(string pattern, string[] parts)
    {
        var next = 0;
        return Parameter().Replace(pattern, _ => parts[next++ % parts.Length]);
    }

    // What a body begins with is mostly the last word of the path, in the singular.
    private static string[] Members(string pattern)
    {
        var word = pattern.Split('/').Last(static segment => segment.Length > 0 && segment[0] != '{').Replace('-', '_');
        var singular = word.EndsWith("ies", StringComparison.Ordinal) ? word[..^3] + "y" : word.TrimEnd('s');
        return pattern.Contains("/auth/", StringComparison.Ordinal) ? ["auth"] : pattern.Contains("OS-TRUST", StringComparison.Ordinal) ? ["trust"] : [word, singular, singular];
    }

    // The same in every process, which the hash of a string is not.
    private static ulong SeedOf(ApiOperation operation) =>
        operation.ToString().Aggregate(14695981039346656037UL, static (hash, character) => unchecked((hash ^ character) * 1099511628211UL));

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Parameter();
}
