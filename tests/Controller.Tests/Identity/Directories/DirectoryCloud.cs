using System.Text.Json.Nodes;
using Appliance.Controller.Identity.Settings;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity.Directories;

/// <summary>A controller with a domain whose people live in a directory.</summary>
internal sealed class DirectoryCloud : IAsyncDisposable
{
    private DirectoryCloud(TestCloud cloud, OpenLdap ldap, string domainId) => (Cloud, Ldap, DomainId) = (cloud, ldap, domainId);

    public TestCloud Cloud { get; }
    public OpenLdap Ldap { get; }
    public string DomainId { get; }
    public string ConfigPath => $"{V3}/domains/{DomainId}/config";

    /// <param name="cacheTime">Null: tokens live by the directory at every use.</param>
    /// <param name="change">Changes what <c>[ldap]</c> says.</param>
    public static async Task<DirectoryCloud> StartAsync(
        string ldif = "", TimeSpan? cacheTime = null, int? listLimit = null, Action<JsonObject, OpenLdap>? change = null)
    {
        var ldap = await OpenLdap.StartAsync(ldif);
        var cloud = await TestCloud.StartAsync(configure: options => options with { Identity = Settings(cacheTime ?? TimeSpan.Zero, listLimit) });
        var domain = await cloud.CreateAsync("domains", "domain", new() { ["name"] = "people" });
        var directory = new DirectoryCloud(cloud, ldap, domain);
        await directory.ConfigureAsync(change);
        return directory;
    }

    public static IdentitySettings Settings(TimeSpan cacheTime, int? listLimit = null) => new()
    {
        Drivers = new() { DomainSpecificDriversEnabled = true, DomainConfigurationsFromDatabase = true, CacheTime = cacheTime, ListLimit = listLimit },
    };

    public async Task ConfigureAsync(Action<JsonObject, OpenLdap>? change = null)
    {
        var options = new JsonObject
        {
            ["url"] = Ldap.Url,
            ["user"] = OpenLdap.ReaderDn,
            ["password"] = OpenLdap.AdminPassword,
            ["suffix"] = OpenLdap.Suffix,
        };
        change?.Invoke(options, Ldap);
        var config = new JsonObject { ["config"] = new JsonObject { ["identity"] = new JsonObject { ["driver"] = "ldap" }, ["ldap"] = options } };
        var answer = await Cloud.PutAsync(ConfigPath, config.ToJsonString());
        Assert.True(answer.Status is 200 or 201, answer.Text);
    }

    public async Task<JsonArray> ListAsync(string plural, string query = "") =>
        (await Cloud.GetAsync($"{V3}/{plural}?domain_id={DomainId}{query}")).ShouldBe(200).Json[plural]!.AsArray();

    /// <summary>Names, in order of the alphabet.</summary>
    public async Task<string> NamesAsync(string plural, string query = "") =>
        string.Join(' ', (await ListAsync(plural, query)).Select(static item => (string)item!["name"]!).Order(StringComparer.Ordinal));

    public async Task<string> IdAsync(string plural, string name) =>
        (string)(await ListAsync(plural, $"&name={name}"))[0]!["id"]!;

    public Task<TestAnswer> LogInAsync(string name, string password = OpenLdap.Password, JsonNode? scope = null)
    {
        var auth = new JsonObject
        {
            ["identity"] = new JsonObject
            {
                ["methods"] = new JsonArray("password"),
                ["password"] = new JsonObject
                {
                    ["user"] = new JsonObject { ["name"] = name, ["password"] = password, ["domain"] = new JsonObject { ["name"] = "people" } },
                },
            },
        };
        if (scope is not null)
            auth["scope"] = scope;
        return Cloud.PostAsync($"{V3}/auth/tokens", new JsonObject { ["auth"] = auth }.ToJsonString(), token: "");
    }

    public async Task<string> TokenAsync(string name, JsonNode? scope = null) =>
        (await LogInAsync(name, scope: scope)).ShouldBe(201).Headers["X-Subject-Token"];

    public async ValueTask DisposeAsync()
    {
        await Cloud.DisposeAsync();
        await Ldap.DisposeAsync();
    }
}
