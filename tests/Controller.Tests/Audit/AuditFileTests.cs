using System.Text;
using System.Text.Json.Nodes;
using Appliance.Controller.Audit;
using Appliance.Controller.Audit.Files;
using Appliance.Controller.Tests.Identity;

namespace Appliance.Controller.Tests.Audit;

public sealed class AuditFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("appliance-test-").FullName;

    private string Trail => Path.Combine(_folder, "trail", "audit.jsonl");

    [Fact]
    public async Task The_file_has_every_event_once_and_in_order_through_restarts_and_when_it_was_not_remembered_how_far_it_is()
    {
        for (var run = 0; run < 3; run++)
        {
            await using var cloud = await StartAsync(64 << 20);
            await cloud.CreateProjectAsync($"p{run}");
            await Eventually.TrueAsync(() => File.Exists(Trail) && File.ReadAllText(Trail).Split("created.project").Length == run + 2, "the project is in the file");
            // As after a crash between writing and remembering.
            await cloud.Host.Platform.Database.WriteAsync((tx, ct) => tx.ExecuteAsync("DELETE FROM audit_state WHERE name = 'exported'", ct), TestContext.Current.CancellationToken);
        }

        await using var last = await StartAsync(64 << 20);
        var expected = await AllIdsAsync(last);
        await Eventually.TrueAsync(() => Ids(Trail).Count >= expected.Count, "the file is whole");
        Assert.Equal(expected, Ids(Trail)[..expected.Count]);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Trail));
    }

    [Fact]
    public async Task A_file_that_is_full_is_put_aside_and_the_oldest_goes()
    {
        var file = new RotatingFile(Trail, maxBytes: 30, kept: 2);
        for (var i = 0; i < 9; i++)
            await file.AppendAsync(Encoding.ASCII.GetBytes($"{{\"line\": {i}}}\n"), TestContext.Current.CancellationToken);

        Assert.Equal(["{\"line\": 8}"], File.ReadAllLines(Trail));
        Assert.Equal(["{\"line\": 6}", "{\"line\": 7}"], File.ReadAllLines(Trail + ".1"));
        Assert.Equal(["{\"line\": 4}", "{\"line\": 5}"], File.ReadAllLines(Trail + ".2"));
        Assert.False(File.Exists(Trail + ".3"));
    }

    [Fact]
    public async Task A_line_that_a_crash_cut_short_is_written_over()
    {
        var file = new RotatingFile(Trail, maxBytes: 1 << 20, kept: 2);
        await file.AppendAsync("one\n"u8.ToArray(), TestContext.Current.CancellationToken);
        await File.AppendAllTextAsync(Trail, "tw", TestContext.Current.CancellationToken);
        Assert.Equal("one", await file.ReadLastLineAsync(TestContext.Current.CancellationToken));
        await file.AppendAsync("2\n"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.Equal(["one", "2"], File.ReadAllLines(Trail));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private Task<TestCloud> StartAsync(long maxBytes) => TestCloud.StartAsync(Path.Combine(_folder, "data"), options => options with
    {
        Audit = new AuditOptions { FilePath = Trail, MaxFileBytes = maxBytes },
    });

    private static List<string> Ids(string path) => [.. File.ReadAllLines(path).Select(static line => (string)JsonNode.Parse(line)!["id"]!)];

    private static async Task<List<string>> AllIdsAsync(TestCloud cloud)
    {
        var ids = new List<string>();
        for (var next = "/appliance/v1/audit/events?sort_dir=asc&limit=1000"; next is not null;)
        {
            var page = (await cloud.GetAsync(next)).ShouldBe(200);
            ids.AddRange(page.Json["events"]!.AsArray().Select(static one => (string)one!["id"]!));
            next = (string?)page.Json["events_links"]?[0]?["href"];
        }

        return ids;
    }
}
