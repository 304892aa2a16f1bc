using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Appliance.Controller.Http;

namespace Appliance.Controller.Tests.Http;

/// <summary>What must hold for every operation of every service, taken from the route table: a new operation is covered by being there.</summary>
public partial class EveryOperationTests
{
    // Enough to keep both cores busy, few enough to leave the server's own queues out of the picture.
    private static readonly ParallelOptions FourAtATime = new() { MaxDegreeOfParallelism = 4, CancellationToken = TestContext.Current.CancellationToken };

    [Fact]
    public async Task Without_a_token_every_operation_that_is_not_public_answers_401_in_its_services_words()
    {
        await using var cloud = await TestCloud.StartAsync();
        Assert.Empty(await FindOpenAsync(cloud.Http, Operations(cloud)));
    }

    [Fact]
    public async Task No_body_makes_a_server_error()
    {
        await using var cloud = await TestCloud.StartAsync();
        Assert.Empty(await FindBrokenByBodyAsync(cloud.Http, Operations(cloud), await cloud.AdminTokenAsync()));
    }

    [Fact]
    public async Task No_query_makes_a_server_error()
    {
        await using var cloud = await TestCloud.StartAsync();
        Assert.Empty(await FindBrokenByQueryAsync(cloud.Http, Operations(cloud), await cloud.AdminTokenAsync()));
    }

    [Fact]
    public async Task What_no_service_has_is_refused_in_the_words_of_the_one_it_would_be()
    {
        await using var cloud = await TestCloud.StartAsync();
        foreach (var service in cloud.Host.Services.All)
        {
            var missing = (await cloud.GetAsync($"{service.Prefix}/no/such/path")).ShouldBe(404);
            Assert.True(missing.Text.Length > 0 && missing.Headers.ContainsKey(ApiGate.RequestIdHeader), $"{service.Name}: {missing.Text}");
            (await cloud.GetAsync($"{service.Prefix}/no/such/path", token: "")).ShouldBe(401);
        }

        Assert.Equal("", (await cloud.GetAsync("/nobodys")).ShouldBe(404).Text);
    }

    /// <summary>Operations that answer anything but a 401 in their service's envelope without a token that holds, and what they answer.</summary>
    internal static async Task<List<string>> FindOpenAsync(HttpClient http, IEnumerable<ApiOperation> operations)
    {
        var failures = new ConcurrentQueue<string>();
        await Parallel.ForEachAsync(operations.Where(static operation => !operation.IsPublic), FourAtATime, async (operation, ct) =>
        {
            foreach (var token in new[] { null, "", "forged", new string('A', 160), new string('A', 5000) })
            {
                using var request = RequestFor(operation, operation.Action is { } action ? $$"""{"{{action}}": null}""" : null);
                if (token is not null)
                    request.Headers.TryAddWithoutValidation("X-Auth-Token", token);
                using var response = await http.SendAsync(request, ct);
                if (await DescribeAsync(response, ct) is { } wrong)
                    failures.Enqueue($"{operation}, token {token?[..Math.Min(token.Length, 10)] ?? "none"}: {wrong}");
            }
        });
        return [.. failures.Order()];

        static async Task<string?> DescribeAsync(HttpResponseMessage response, CancellationToken ct)
        {
            var text = await response.Content.ReadAsStringAsync(ct);
            if ((int)response.StatusCode != 401)
                return $"{(int)response.StatusCode} {text}";
            if (response.Headers.WwwAuthenticate.Count == 0)
                return "no WWW-Authenticate";
            if (response.RequestMessage!.Method == HttpMethod.Head)
                return null;
            return text.Length > 0 && (response.Content.Headers.ContentType?.MediaType != "application/json" || IsJsonObject(text)) ? null : $"envelope: {text}";
        }
    }

    /// <summary>Operations that some body makes fail on the server's side.</summary>
    internal static async Task<List<string>> FindBrokenByBodyAsync(HttpClient http, IEnumerable<ApiOperation> operations, string token)
    {
        var failures = new ConcurrentQueue<string>();
        await Parallel.ForEachAsync(operations.Where(static operation => operation.Method is "POST" or "PUT" or "PATCH"), FourAtATime, async (operation, ct) =>
        {
            foreach (var body in BodiesFor(operation))
            {
                using var request = RequestFor(operation, body);
                request.Headers.Add("X-Auth-Token", token);
                using var response = await http.SendAsync(request, ct);
                if ((int)response.StatusCode >= 500)
                    failures.Enqueue($"{operation} {Shorten(body)}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(ct)}");
            }
        });
        return [.. failures.Order()];
    }

    /// <summary>Operations that some query makes fail on the server's side.</summary>
    internal static async Task<List<string>> FindBrokenByQueryAsync(HttpClient http, IEnumerable<ApiOperation> operations, string token)
    {
        var failures = new ConcurrentQueue<string>();
        string[] queries =
        [
            "?limit=-1", "?limit=x", "?limit=99999999999999999999", "?marker=%00", "?marker=nobody&limit=1", "?sort_key=%27&sort_dir=up", "?sort=name:sideways",
            "?id=%27%3B--&name=%25&name__contains=%5B&fields=%20", "?changes-since=yesterday", "?a=1&a=2&a=3", "?since=99999-99-99&until=x&action=.&target_type=%2F",
        ];
        await Parallel.ForEachAsync(operations.Where(static operation => operation.Method == "GET"), FourAtATime, async (operation, ct) =>
        {
            foreach (var query in queries)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, PathOf(operation) + query);
                request.Headers.Add("X-Auth-Token", token);
                using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
                if ((int)response.StatusCode >= 500)
                    failures.Enqueue($"{operation}{query}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(ct)}");
            }
        });
        return [.. failures.Order()];
    }

    private static List<ApiOperation> Operations(TestCloud cloud) => ApiEndpoints.Collect(cloud.Host.Services.All);

    private static HttpRequestMessage RequestFor(ApiOperation operation, string? body)
    {
        var request = new HttpRequestMessage(new HttpMethod(operation.Method), PathOf(operation));
        if (body is null)
            return request;
        request.Content = new StringContent(body, Encoding.UTF8);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return request;
    }

    private static string PathOf(ApiOperation operation) => Parameter().Replace(operation.Pattern, "00000000000000000000000000000000");

    // The members that bodies of this operation begin with are guessed from the path; a wrong guess is one more unknown member.
    private static IEnumerable<string> BodiesFor(ApiOperation operation)
    {
        string[] whole = ["", "{", "nonsense", "[]", "\"x\"", "1", "null", "{}", "\uFEFF{}", """{"a": "\ud800"}""", new string('[', 100_000), Nested(60)];
        string[] inner = ["null", "[]", "\"x\"", "1", "{}", "[null]", "[[]]", "[{}]", """{"name": null}""", """{"name": {}, "id": []}""", Nested(50)];
        var members = operation.Action is { } action ? [action] : Guess(operation.Pattern);
        return whole.Concat(members.SelectMany(member => inner.Select(value => $$"""{"{{member}}": {{value}}}""")));
    }

    private static string[] Guess(string pattern)
    {
        var word = pattern.Split('/').Last(static segment => segment.Length > 0 && segment[0] != '{').Replace('-', '_');
        var singular = word.EndsWith("ies", StringComparison.Ordinal) ? word[..^3] + "y" : word.TrimEnd('s');
        return word == singular ? [word] : [word, singular];
    }

    private static string Nested(int depth) => string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth);

    private static string Shorten(string text) => text.Length > 60 ? text[..60] + "…" : text;

    private static bool IsJsonObject(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.ValueKind == JsonValueKind.Object;
    }

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Parameter();
}
