using System.Text.Json;
using Appliance.Agent.Logging;
using Appliance.Agent.Node.Documents;
using Appliance.Protocol;
using Appliance.Protocol.Link;

namespace Appliance.Agent.Tests.Node;

public sealed class DocumentStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("appliance-store-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_new_store_knows_nothing_and_says_so()
    {
        using var store = Open();
        Assert.False(store.Snapshot().IsKnown);
        Assert.Equal(0, store.LastSequence);
    }

    [Fact]
    public void What_was_applied_is_there_after_opening_again()
    {
        string storeId;
        using (var store = Open())
        {
            storeId = store.StoreId;
            Assert.True(store.Apply(Full(1, Document("a", 1), Document("b", 1))));
            Assert.True(store.Apply(Partial(1, 2, [Document("b", 2), Document("c", 2)], [Removed("a", 2)])));
        }

        using var again = Open();
        Assert.Equal(storeId, again.StoreId);
        Assert.Equal(2, again.LastSequence);
        Assert.Equal([("b", 2L), ("c", 2L)], Sets(again));
    }

    [Fact]
    public void A_message_that_builds_on_something_else_is_refused()
    {
        using var store = Open();
        Assert.True(store.Apply(Full(5, Document("a", 5))));
        Assert.False(store.Apply(Partial(6, 7, [Document("b", 7)], [])));
        Assert.False(store.Apply(Partial(5, 4, [Document("b", 4)], [])));
        Assert.Equal([("a", 5L)], Sets(store));
    }

    [Fact]
    public void A_full_message_removes_what_it_does_not_name()
    {
        using var store = Open();
        store.Apply(Full(1, Document("a", 1), Document("b", 1)));
        store.Apply(Full(4, Document("b", 1)));
        Assert.Equal([("b", 1L)], Sets(store));
        Assert.Equal([Removed("a", 4)], store.Snapshot().Removed);
    }

    [Fact]
    public void A_removal_is_pending_until_exactly_it_is_confirmed()
    {
        using var store = Open();
        store.Apply(Full(1, Document("a", 1)));
        store.Apply(Partial(1, 2, [], [Removed("a", 2)]));
        Assert.False(store.ConfirmGone(Removed("a", 1)));
        Assert.True(store.ConfirmGone(Removed("a", 2)));
        Assert.Empty(store.Snapshot().Removed);
        Assert.False(store.ConfirmGone(Removed("a", 2)));
    }

    [Fact]
    public void A_repeated_removal_runs_the_consumers_of_its_kind_again()
    {
        using var store = Open();
        store.Apply(Full(1, Document("a", 1)));
        var before = store.Snapshot().Revision;
        Assert.True(store.Apply(Partial(1, 1, [], [Removed("gone-before", 1)])));
        Assert.True(store.Snapshot().ChangedAt([DocumentKinds.AddressSet]) > before);
        Assert.Equal([("a", 1L)], Sets(store));
    }

    [Fact]
    public void An_unchanged_document_in_a_full_message_changes_nothing()
    {
        using var store = Open();
        store.Apply(Full(1, Document("a", 1)));
        var changed = store.Snapshot().ChangedAt([DocumentKinds.AddressSet]);
        store.Apply(Full(2, Document("a", 1)));
        Assert.Equal(changed, store.Snapshot().ChangedAt([DocumentKinds.AddressSet]));
    }

    [Fact]
    public void A_document_that_cannot_be_read_is_an_error_status_and_hides_no_other()
    {
        using var store = Open();
        var bad = new DesiredDocument(DocumentKinds.AddressSet, "bad", 1, JsonSerializer.SerializeToElement(7, TestJson.Default.Int32));
        store.Apply(Full(1, bad, Document("good", 1)));
        Assert.Equal([("good", 1L)], Sets(store));
        var status = Assert.Single(store.Snapshot().Unreadable(DocumentKinds.AddressSet, ProtocolJson.Default.AddressSetDocument));
        Assert.Equal(("bad", "error"), (status.Id, status.State));
    }

    [Fact]
    public void Cut_at_any_byte_the_store_is_as_after_some_earlier_message_and_never_less_than_the_last_whole_one()
    {
        var lengths = new List<(long Length, List<(string, long)> Sets)>();
        using (var store = Open())
        {
            store.Apply(Full(1, Document("a", 1), Document("b", 1)));
            lengths.Add((new FileInfo(JournalPath).Length, Sets(store)));
            for (var sequence = 2L; sequence < 8; sequence++)
            {
                store.Apply(Partial(sequence - 1, sequence, [Document($"d{sequence}", sequence), Document("a", sequence)],
                    sequence > 3 ? [Removed($"d{sequence - 1}", sequence)] : []));
                lengths.Add((new FileInfo(JournalPath).Length, Sets(store)));
            }
        }

        var whole = File.ReadAllBytes(JournalPath);
        for (var cut = 0; cut < whole.Length; cut++)
        {
            File.WriteAllBytes(JournalPath, whole[..cut]);
            using var store = Open();
            var expected = lengths.LastOrDefault(entry => entry.Length <= cut).Sets ?? [];
            Assert.Equal(expected, Sets(store));
            Assert.True(store.Apply(Full(100, Document("after", 100))));
        }
    }

    [Fact]
    public void After_a_torn_message_the_next_one_is_kept()
    {
        using (var store = Open())
        {
            store.Apply(Full(1, Document("a", 1)));
            store.Apply(Partial(1, 2, [Document("b", 2)], []));
        }

        using (var file = File.OpenWrite(JournalPath))
            file.SetLength(file.Length - 3);
        using (var store = Open())
        {
            Assert.Equal(1, store.LastSequence);
            Assert.True(store.Apply(Partial(1, 2, [Document("c", 2)], [])));
        }

        using var again = Open();
        Assert.Equal([("a", 1L), ("c", 2L)], Sets(again));
    }

    [Fact]
    public void Damage_to_what_was_acknowledged_begins_a_new_store_that_removes_nothing()
    {
        string storeId;
        using (var store = Open())
        {
            storeId = store.StoreId;
            store.Apply(Full(1, Document("a", 1)));
            store.Apply(Partial(1, 2, [Document("b", 2)], []));
            store.Apply(Partial(2, 3, [Document("c", 3)], []));
        }

        var bytes = File.ReadAllBytes(JournalPath);
        bytes[60] ^= 0x20;
        File.WriteAllBytes(JournalPath, bytes);
        using var again = Open();
        Assert.NotEqual(storeId, again.StoreId);
        Assert.False(again.Snapshot().IsKnown);
        Assert.True(File.Exists(JournalPath + ".damaged"));
    }

    [Fact]
    public void History_is_compacted_and_loses_nothing()
    {
        using (var store = Open())
        {
            store.Apply(Full(1));
            for (var sequence = 2L; sequence <= 400; sequence++)
                store.Apply(Partial(sequence - 1, sequence, [Document($"d{sequence % 7}", sequence, addresses: 1000)], []));
        }

        Assert.True(new FileInfo(JournalPath).Length < 2 * 1024 * 1024);
        using var again = Open();
        Assert.Equal(7, Sets(again).Count);
        Assert.Equal(400, again.LastSequence);
    }

    [Fact]
    public void A_message_that_cannot_be_written_does_not_count_and_can_be_tried_again()
    {
        using var store = Open();
        store.Apply(Full(1, Document("a", 1)));
        Directory.Delete(_folder, recursive: true);        // the replacement of the file cannot be made
        Assert.ThrowsAny<IOException>(() => store.Apply(Full(2, Document("b", 2))));
        Assert.Equal(1, store.LastSequence);
        Assert.Equal([("a", 1L)], Sets(store));
        Directory.CreateDirectory(_folder);
        Assert.True(store.Apply(Full(2, Document("b", 2))));
    }

    private string JournalPath => Path.Combine(_folder, "journal");

    private DocumentStore Open() => DocumentStore.Open(_folder, Log.Silent);

    private static List<(string, long)> Sets(DocumentStore store) =>
        [.. store.Snapshot().AddressSets.Select(static set => (set.Document.Id, set.Generation)).Order()];

    private static RemovedDocument Removed(string id, long generation) => new(DocumentKinds.AddressSet, id, generation);
    private static DesiredDocument Document(string id, long generation, int addresses = 2) => TestDocuments.AddressSet(id, generation, addresses);
    private static ApplyMessage Full(long sequence, params DesiredDocument[] documents) => new(0, sequence, true, documents, []);

    private static ApplyMessage Partial(long from, long to, DesiredDocument[] documents, RemovedDocument[] removed) =>
        new(from, to, false, documents, removed);
}
