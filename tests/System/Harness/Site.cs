using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;

namespace Appliance.SystemTests.Harness;

/// <summary>
/// A cloud made of the native programs in <c>out/</c>, in the network namespace of the test process (scripts/test makes one): a controller
/// on loopback and any number of nodes. Everything is kept in one folder, so that any program can be killed and started again.
/// </summary>
internal sealed class Site : IAsyncDisposable
{
    public const string AdminPassword = "system-test";
    public const string ExternalGateway = "172.24.4.1/24";

    public static readonly string Root = FindRoot();
    private readonly Dictionary<string, Program> _agents = [];
    private readonly HttpClient _http = new() { BaseAddress = new Uri("http://127.0.0.1:8080"), Timeout = TimeSpan.FromSeconds(30) };
    private Program? _controller;
    private string? _token;

    private Site(string folder)
    {
        Folder = folder;
        Client = new OpenStackClient(folder);
    }

    public string Folder { get; }
    public OpenStackClient Client { get; }
    public Program Controller => _controller ?? throw new InvalidOperationException("the controller is not running");
    public string ControllerFolder => Path.Combine(Folder, "controller");
    public string AgentFolder(string node) => Path.Combine(Folder, node);
    public Program Agent(string node) => _agents[node];

    public static async Task<Site> StartAsync()
    {
        foreach (var program in (string[])["appliance-controller", "appliance-agent"])
            Assert.True(File.Exists(Out(program)), $"out/{program} is missing: run scripts/build");
        var site = new Site(Directory.CreateTempSubdirectory("appliance-site-").FullName);
        await site.StartControllerAsync();
        site.Client.WriteConfiguration(site.ControllerFolder);
        return site;
    }

    public static string Out(string file) => Path.Combine(Root, "out", file);

    /// <summary>Starts the controller on the site's data and waits until it answers.</summary>
    public async Task StartControllerAsync(IReadOnlyDictionary<string, string>? environment = null, string listen = "127.0.0.1")
    {
        _token = null;
        _controller = Program.Start(Out("appliance-controller"),
        [
            "run", "--data", ControllerFolder, "--https", $"{(listen == "127.0.0.1" ? listen : "0.0.0.0")}:8443", "--http", "127.0.0.1:8080", "--name", listen,
            "--admin-password", AdminPassword,
        ], environment);
        await Eventually.TrueAsync("the controller answers", TimeSpan.FromSeconds(20), async () =>
        {
            Assert.False(Controller.HasExited, Controller.Output);
            try
            {
                using var answer = await _http.GetAsync("/identity/v3");
                return answer.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }, () => Controller.Output);
    }

    public async Task KillControllerAsync()
    {
        await Controller.DisposeAsync();
        _controller = null;
    }

    /// <summary>Starts (again) the agent of a node and waits until the controller sees it up.</summary>
    public async Task StartAgentAsync(string node = "node1", string driver = "qemu", string? networkNamespace = null, params string[] options)
    {
        var isNew = !Directory.Exists(AgentFolder(node));
        List<string> arguments =
        [
            "run", "--data", AgentFolder(node), "--name", node, "--driver", driver, .. options,
        ];
        if (!options.Contains("--controller"))
            arguments.AddRange(["--controller", "https://127.0.0.1:8443"]);
        if (isNew)
            arguments.AddRange(["--join-token", (await Program.RunAsync(Out("appliance-controller"), "join-token", "--data", ControllerFolder)).Trim()]);

        _agents[node] = networkNamespace is null
            ? Program.Start(Out("appliance-agent"), arguments)
            : Program.Start("ip", ["netns", "exec", networkNamespace, Out("appliance-agent"), .. arguments]);
        await AwaitNodeAsync(node);
    }

    public Task AwaitNodeAsync(string node) => Eventually.TrueAsync($"node {node} is up", TimeSpan.FromSeconds(30), async () =>
    {
        Assert.False(_agents[node].HasExited, _agents[node].Output);
        return (await GetAsync("/compute/v2.1/os-hypervisors/detail"))["hypervisors"]!.AsArray()
            .Any(hypervisor => (string)hypervisor!["hypervisor_hostname"]! == node && (string)hypervisor["state"]! == "up");
    }, () => _agents[node].Output + Controller.Output);

    public async Task KillAgentAsync(string node = "node1")
    {
        await _agents[node].DisposeAsync();
        _agents.Remove(node);
    }

    public async Task<JsonNode> GetAsync(string path) => JsonNode.Parse(await SendAsync(HttpMethod.Get, path, null))!;

    public async Task<JsonNode?> PostAsync(string path, string json)
    {
        var text = await SendAsync(HttpMethod.Post, path, json);
        return text.Length == 0 ? null : JsonNode.Parse(text);
    }

    public Task DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path, null);

    /// <summary>Sends a request as the administrator; null when the controller is not there.</summary>
    public async Task<(int Status, string Text)?> TrySendAsync(HttpMethod method, string path, string? json)
    {
        try
        {
            _token ??= await TokenAsync();
            using var request = new HttpRequestMessage(method, path);
            request.Headers.Add("X-Auth-Token", _token);
            if (json is not null)
                request.Content = new StringContent(json, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
            using var answer = await _http.SendAsync(request);
            return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _agents.Keys.ToArray())
        {
            await KillAgentAsync(node);
            await Program.TryRunAsync(Out("appliance-agent"), ["destroy", "--data", AgentFolder(node)], TimeSpan.FromSeconds(60));
        }

        if (_controller is not null)
            await KillControllerAsync();
        _http.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task<string> SendAsync(HttpMethod method, string path, string? json)
    {
        var answer = await TrySendAsync(method, path, json);
        Assert.True(answer is { Status: < 400 }, $"{method} {path}: {answer?.Status} {answer?.Text}\n{_controller?.Output}");
        return answer!.Value.Text;
    }

    private async Task<string> TokenAsync()
    {
        using var content = new StringContent($$"""
            {"auth": {"identity": {"methods": ["password"], "password": {"user":
              {"name": "admin", "password": "{{AdminPassword}}", "domain": {"id": "default"} } } },
             "scope": {"project": {"name": "admin", "domain": {"id": "default"} } } } }
            """, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        using var answer = await _http.PostAsync("/identity/v3/auth/tokens", content);
        return answer.Headers.GetValues("X-Subject-Token").Single();
    }

    private static string FindRoot([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));
}
