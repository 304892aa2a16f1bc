using Appliance.Agent.Logging;
using Appliance.Agent.Node;
using Appliance.Agent.Node.Documents;
using Appliance.Agent.Node.Reconcile;
using Appliance.Protocol;
using Appliance.Protocol.Link;

namespace Appliance.Agent.Tests.Node;

public sealed class ReconcileLoopTests : IAsyncDisposable
{
    private static readonly TimeSpan Never = TimeSpan.FromHours(1);

    private readonly string _folder = Directory.CreateTempSubdirectory("appliance-loop-").FullName;
    private readonly DocumentStore _store;
    private readonly StatusBoard _board;
    private ReconcileLoop? _loop;

    public ReconcileLoopTests()
    {
        _store = DocumentStore.Open(_folder, Log.Silent);
        _board = new StatusBoard(_store);
    }

    public async ValueTask DisposeAsync()
    {
        if (_loop is not null)
            await _loop.DisposeAsync();
        _store.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_consumer_is_not_run_before_the_first_message_of_a_controller()
    {
        var consumer = new Recorder("sets", DocumentKinds.AddressSet);
        Start(Never, consumer);
        _loop!.Wake("sets");
        _store.Apply(new ApplyMessage(0, 1, true, [TestDocuments.AddressSet("a", 1)], []));
        await Eventually.TrueAsync(() => consumer.Passes > 0, "a pass");
        Assert.All(consumer.Seen, static seen => Assert.NotEmpty(seen));
    }

    [Fact]
    public async Task A_change_runs_the_consumers_of_its_kind_and_no_other()
    {
        var (sets, servers) = (new Recorder("sets", DocumentKinds.AddressSet), new Recorder("servers", DocumentKinds.Server));
        _store.Apply(new ApplyMessage(0, 1, true, [], []));
        Start(Never, sets, servers);
        await Eventually.TrueAsync(() => sets.Passes == 1 && servers.Passes == 1, "the first pass");
        _store.Apply(new ApplyMessage(1, 2, false, [TestDocuments.AddressSet("a", 2)], []));
        var active = new ObjectStatus(DocumentKinds.AddressSet, "a", 2, "active", null, null);
        await Eventually.TrueAsync(() => _board.Find(DocumentKinds.AddressSet, "a") == active, "a second pass");
        Assert.Equal((2, 1), (sets.Passes, servers.Passes));
    }

    [Fact]
    public async Task A_failing_consumer_is_repeated_and_holds_up_nobody()
    {
        var failing = new Recorder("failing", DocumentKinds.AddressSet) { FailuresLeft = 2 };
        var other = new Recorder("other", DocumentKinds.AddressSet);
        _store.Apply(new ApplyMessage(0, 1, true, [], []));
        Start(Never, failing, other);
        await Eventually.TrueAsync(() => other.Passes == 1, "the other's pass");
        await Eventually.TrueAsync(() => failing.Passes == 1, "success after failures");
        Assert.Equal(0, failing.FailuresLeft);
    }

    [Fact]
    public async Task A_removed_thing_is_gone_only_when_every_consumer_of_its_kind_has_cleaned_up()
    {
        var first = new Recorder("first", DocumentKinds.AddressSet);
        var second = new Recorder("second", DocumentKinds.AddressSet) { Remaining = [new DocumentKey(DocumentKinds.AddressSet, "a")] };
        _store.Apply(new ApplyMessage(0, 1, true, [TestDocuments.AddressSet("a", 1)], []));
        Start(Never, first, second);
        await Eventually.TrueAsync(() => first.Passes == 1 && second.Passes == 1, "the first passes");
        _board.TakeAll();

        var removed = new RemovedDocument(DocumentKinds.AddressSet, "a", 2);
        _store.Apply(new ApplyMessage(1, 2, false, [], [removed]));
        await Eventually.TrueAsync(() => first.Passes == 2 && second.Passes == 2, "the second passes");
        Assert.Equal([removed], _store.Snapshot().Removed);

        second.Remaining = [];
        _loop!.Wake("second");
        await Eventually.TrueAsync(() => _store.Snapshot().Removed.Count == 0, "the removal is confirmed");
        Assert.Equal([removed], _board.TakeChanges()!.Gone);
    }

    [Fact]
    public async Task A_kind_that_nobody_consumes_is_gone_at_once()
    {
        _store.Apply(new ApplyMessage(0, 1, true, [], []));
        Start(Never, new Recorder("servers", DocumentKinds.Server));
        _store.Apply(new ApplyMessage(1, 1, false, [], [new RemovedDocument("unheard_of", "x", 1)]));
        await Eventually.TrueAsync(() => _board.TakeChanges()?.Gone.Count == 1, "gone");
    }

    [Fact]
    public async Task A_pass_is_made_by_timer_when_nothing_changes()
    {
        var consumer = new Recorder("sets", DocumentKinds.AddressSet);
        _store.Apply(new ApplyMessage(0, 1, true, [], []));
        Start(TimeSpan.FromMilliseconds(10), consumer);
        await Eventually.TrueAsync(() => consumer.Passes >= 3, "three passes");
    }

    [Fact]
    public void A_status_that_says_nothing_new_is_not_sent_again_and_one_of_a_stranger_never()
    {
        _store.Apply(new ApplyMessage(0, 1, true, [TestDocuments.AddressSet("a", 1)], []));
        var status = new ObjectStatus(DocumentKinds.AddressSet, "a", 1, "active", null, null);
        _board.Set(status);
        _board.Set(status with { Id = "stranger" });
        Assert.Equal([status], _board.TakeChanges()!.Statuses);
        _board.Set(status);
        Assert.Null(_board.TakeChanges());
        _board.Set(status with { State = "error" });
        Assert.Equal("error", Assert.Single(_board.TakeAll().Statuses).State);
        Assert.Null(_board.TakeChanges());
    }

    private void Start(TimeSpan period, params IConsumer[] consumers)
    {
        _loop = new ReconcileLoop(_store, _board, consumers, period, TimeProvider.System, Log.Silent);
        _loop.Start();
    }

    /// <summary>Reports every address set as active and remembers what it was given.</summary>
    private sealed class Recorder(string name, params string[] kinds) : IConsumer
    {
        private int _passes;

        public string Name => name;
        public IReadOnlyList<string> Kinds => kinds;
        public int Passes => Volatile.Read(ref _passes);
        public int FailuresLeft { get; set; }
        public HashSet<DocumentKey> Remaining { get; set; } = [];
        public List<IReadOnlyList<string>> Seen { get; } = [];

        public Task<PassResult> ConvergeAsync(DesiredState desired, CancellationToken ct)
        {
            if (FailuresLeft > 0)
            {
                FailuresLeft--;
                throw new IOException("the kernel said no");
            }

            Seen.Add([.. desired.AddressSets.Select(static set => set.Document.Id)]);
            Interlocked.Increment(ref _passes);
            var statuses = desired.AddressSets.Select(static set =>
                new ObjectStatus(DocumentKinds.AddressSet, set.Document.Id, set.Generation, "active", null, null));
            return Task.FromResult(new PassResult([.. statuses], Remaining));
        }
    }
}
