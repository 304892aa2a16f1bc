namespace Appliance.Agent.Node.Documents;

/// <summary>Builds the table from the journal at start: a batch is held back until its commit.</summary>
internal sealed class TableReplay : IJournalReplay
{
    private const long FirstRevision = 1;

    private readonly List<(StoredDocument? Put, string Kind, string Id)> _batch = [];
    private bool _isFull;

    public DocumentTable Table { get; } = new();

    public long Sequence { get; private set; }

    public void BeginFull()
    {
        _batch.Clear();
        _isFull = true;
    }

    public void Put(StoredDocument document) => _batch.Add((document, document.Kind, document.Id));

    public void Remove(string kind, string id) => _batch.Add((null, kind, id));

    public void Commit(long sequence)
    {
        if (_isFull)
            Table.Clear();
        foreach (var (put, kind, id) in _batch)
        {
            if (put is not null)
                Table.Put(put, FirstRevision);
            else
                Table.Remove(kind, id, FirstRevision);
        }

        DropUncommitted();
        Sequence = sequence;
    }

    public void DropUncommitted()
    {
        _batch.Clear();
        _isFull = false;
    }

    public void Clear()
    {
        DropUncommitted();
        Table.Clear();
        Sequence = 0;
    }
}
