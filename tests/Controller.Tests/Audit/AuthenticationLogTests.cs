using Appliance.Controller.Audit;
using Appliance.Controller.Data;
using Appliance.Controller.Tests.Identity;
using Microsoft.Extensions.Logging.Abstractions;

namespace Appliance.Controller.Tests.Audit;

public sealed class AuthenticationLogTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("appliance-test-").FullName;
    private readonly ChangeLog _changes = new(TimeProvider.System);
    private Database _database = null!;
    private AuthenticationLog _log = null!;

    public async ValueTask InitializeAsync()
    {
        _database = new Database(Path.Combine(_folder, "appliance.db"));
        await _database.OpenAsync([ChangeLog.Schema], TestContext.Current.CancellationToken);
        _log = new AuthenticationLog(_database, _changes, TimeProvider.System, NullLogger.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _log.DisposeAsync();
        await _database.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Successes_beyond_what_may_wait_are_counted_and_told()
    {
        var commits = 0;
        _changes.OnChange(() => Interlocked.Increment(ref commits));
        for (var i = 0; i < AuthenticationLog.MaxWaiting + 7; i++)
            _log.Record(Actor.System, Success($"u{i}"));
        _log.Start();
        await _log.DisposeAsync();

        Assert.Equal(AuthenticationLog.MaxWaiting, await CountAsync("action = 'authenticate'"));
        var lost = await _database.ReadAsync((tx, ct) => tx.FindAsync(
            "SELECT detail FROM change_log WHERE resource_id = 'lost'", static row => row.String(0), ct), TestContext.Current.CancellationToken);
        Assert.Equal("""{"count":7}""", lost);
    }

    [Fact]
    public async Task Failures_are_durable_when_they_return_and_share_commits()
    {
        _log.Start();
        await Parallel.ForAsync(0, 200, TestContext.Current.CancellationToken, async (i, ct) =>
            await _log.RecordDurablyAsync(Actor.System, Success($"u{i}") with { HasFailed = true }, ct));
        Assert.Equal(200, await CountAsync("failed = 1"));
    }

    [Fact]
    public async Task The_newest_authentications_are_kept_and_every_change()
    {
        await using var cloud = await TestCloud.StartAsync(configure: static options => options with { Audit = new AuditOptions { KeptAuthentications = 3 } });
        await cloud.CreateProjectAsync("web");
        var user = await cloud.CreateUserAsync("ann");
        for (var i = 0; i < 5; i++)
            (await cloud.LogInAsync(user, "wrong")).ShouldBe(401);
        var store = new AuditStore(cloud.Host.Platform.Database);

        Assert.Equal(0, await store.DeleteAuthenticationsAsync(3, 0, 100, TestContext.Current.CancellationToken));
        await store.DeleteAuthenticationsAsync(3, long.MaxValue, 100, TestContext.Current.CancellationToken);

        var left = await AuditTests.ListAsync(cloud, "?action=authenticate&outcome=failure");
        Assert.InRange(left.Count, 1, 3);
        Assert.Single(await AuditTests.ListAsync(cloud, "?action=created.project"));
    }

    private static Change Success(string user) => new("keystone", "authentication", user, null, Change.Authenticate);

    private Task<long> CountAsync(string condition) => _database.ReadAsync(
        (tx, ct) => tx.CountAsync($"SELECT COUNT(*) FROM change_log WHERE {condition}", ct), TestContext.Current.CancellationToken);
}
