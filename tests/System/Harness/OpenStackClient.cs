using System.Text.Json.Nodes;

namespace Appliance.SystemTests.Harness;

/// <summary>Debian's <c>openstack</c> client, configured as a person would be: a clouds.yaml and the site's CA.</summary>
internal sealed class OpenStackClient(string folder)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(3);

    public void WriteConfiguration(string controllerFolder) => File.WriteAllText(Path.Combine(folder, "clouds.yaml"), $"""
        clouds:
          appliance:
            auth:
              auth_url: https://127.0.0.1:8443/identity/v3
              username: admin
              password: {Site.AdminPassword}
              project_name: admin
              user_domain_id: default
              project_domain_id: default
            region_name: RegionOne
            identity_api_version: 3
            cacert: {controllerFolder}/pki/ca.pem
        """);

    /// <summary>Runs a command that prints an object or a list; fails the test when the client fails.</summary>
    public async Task<JsonNode> JsonAsync(params string[] arguments)
    {
        var output = await TextAsync([.. arguments, "-f", "json"]);
        return JsonNode.Parse(output) ?? throw new InvalidOperationException($"openstack {string.Join(' ', arguments)} printed nothing");
    }

    public async Task<string> TextAsync(params string[] arguments)
    {
        var (exitCode, output, errors) = await TryAsync(arguments);
        Assert.True(exitCode == 0, $"openstack {string.Join(' ', arguments)}: exit {exitCode}\n{errors}{output}");
        return output;
    }

    public Task<(int ExitCode, string Output, string Errors)> TryAsync(params string[] arguments) =>
        Program.TryRunAsync("openstack", arguments, Timeout, new Dictionary<string, string>
        {
            ["OS_CLIENT_CONFIG_FILE"] = Path.Combine(folder, "clouds.yaml"),
            ["OS_CLOUD"] = "appliance",
        });
}
