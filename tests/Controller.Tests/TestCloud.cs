using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace Appliance.Controller.Tests;

/// <summary>A real controller on a free loopback port with a SQLite file of its own; stopped and deleted with the test.</summary>
internal sealed class TestCloud : IAsyncDisposable
{
    public const string AdminPassword = "test-admin-password";

    private readonly string _folder;
    private readonly bool _keepsFolder;
    private string? _adminToken;

    private TestCloud(ControllerHost host, string folder, bool keepsFolder)
    {
        Host = host;
        _folder = folder;
        _keepsFolder = keepsFolder;
        BaseUrl = host.Addresses.First(static url => url.StartsWith("http://", StringComparison.Ordinal)).TrimEnd('/');
        Http = new HttpClient { BaseAddress = new Uri(BaseUrl) };
    }

    public ControllerHost Host { get; }
    public HttpClient Http { get; }
    public string BaseUrl { get; }
    public string DataFolder => _folder;

    /// <param name="dataFolder">State to go on with; null: new, and deleted at the end.</param>
    /// <param name="clock">Null: the real one.</param>
    public static async Task<TestCloud> StartAsync(
        string? dataFolder = null, Func<ControllerOptions, ControllerOptions>? configure = null, TimeProvider? clock = null)
    {
        var folder = dataFolder ?? Directory.CreateTempSubdirectory("appliance-test-").FullName;
        var options = new ControllerOptions
        {
            DataFolder = folder,
            HttpsListen = "127.0.0.1:0",
            HttpListen = "127.0.0.1:0",
            AdminPassword = AdminPassword,
            LogLevel = LogLevel.Warning,
        };
        var host = await ControllerHost.StartAsync(configure?.Invoke(options) ?? options, clock ?? TimeProvider.System, CancellationToken.None);
        return new TestCloud(host, folder, keepsFolder: dataFolder is not null);
    }

    /// <summary>A token of the first administrator, scoped to project <c>admin</c>.</summary>
    public async Task<string> AdminTokenAsync() => _adminToken ??= await TokenAsync("admin", AdminPassword, "admin");

    public async Task<string> TokenAsync(string user, string password, string? project)
    {
        var scope = project is null ? "" : $$""", "scope": {"project": {"name": "{{project}}", "domain": {"id": "default"} } }""";
        var body = $$"""
            {"auth": {"identity": {"methods": ["password"], "password": {"user":
              {"name": "{{user}}", "password": "{{password}}", "domain": {"id": "default"} } } }{{scope}} } }
            """;
        using var response = await Http.PostAsync("/identity/v3/auth/tokens", Json(body));
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        return response.Headers.GetValues("X-Subject-Token").Single();
    }

    /// <summary>Sends a request with the administrator's token, another one, or none (<c>token: ""</c>).</summary>
    public async Task<TestAnswer> SendAsync(
        HttpMethod method, string path, string? json = null, string? token = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is not null)
            request.Content = Json(json);
        var auth = token ?? await AdminTokenAsync();
        if (auth.Length > 0)
            request.Headers.Add("X-Auth-Token", auth);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var response = await Http.SendAsync(request);
        return await TestAnswer.ReadAsync(response);
    }

    public Task<TestAnswer> GetAsync(string path, string? token = null) => SendAsync(HttpMethod.Get, path, null, token);
    public Task<TestAnswer> PostAsync(string path, string json, string? token = null) => SendAsync(HttpMethod.Post, path, json, token);
    public Task<TestAnswer> PutAsync(string path, string json, string? token = null) => SendAsync(HttpMethod.Put, path, json, token);
    public Task<TestAnswer> PatchAsync(string path, string json, string? token = null) => SendAsync(HttpMethod.Patch, path, json, token);
    public Task<TestAnswer> DeleteAsync(string path, string? token = null) => SendAsync(HttpMethod.Delete, path, null, token);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Host.DisposeAsync();
        if (!_keepsFolder)
            Directory.Delete(_folder, recursive: true);
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");
}

/// <summary>Status, headers and body of an answer.</summary>
internal sealed record TestAnswer(int Status, IReadOnlyDictionary<string, string> Headers, string Text)
{
    public JsonNode Json => JsonNode.Parse(Text) ?? throw new InvalidOperationException("the body is null");

    public TestAnswer ShouldBe(int status)
    {
        Assert.True(Status == status, $"expected {status}, got {Status}: {Text}");
        return this;
    }

    /// <summary>An error in the service's envelope: <c>{"badRequest": {"message": …}}</c>, <c>{"error": …}</c>, <c>{"NeutronError": …}</c>.</summary>
    public void ShouldBeFault(int status, string envelope, string containing)
    {
        ShouldBe(status);
        Assert.NotNull(Json[envelope]);
        Assert.Contains(containing, Text, StringComparison.Ordinal);
    }

    public static async Task<TestAnswer> ReadAsync(HttpResponseMessage response) => new(
        (int)response.StatusCode,
        response.Headers.Concat(response.Content.Headers)
            .ToDictionary(static header => header.Key, static header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase),
        await response.Content.ReadAsStringAsync());
}
