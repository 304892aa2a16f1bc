using Appliance.Controller.Data;

namespace Appliance.Controller.Networking.Resources;

/// <summary>A column beyond the standard ones, and its value in a record.</summary>
internal readonly record struct ResourceColumn<T>(string Name, Func<T, object?> Value)
{
    public static implicit operator ResourceColumn<T>((string Name, Func<T, object?> Value) pair) => new(pair.Name, pair.Value);
}

/// <summary>
/// The table of a resource: the standard columns, then its own in the order given. Makes the SQL that is the same for all; anything
/// particular stays in the resource's own store.
/// </summary>
/// <param name="map">Makes the record from its own columns, which start at <see cref="OwnColumns"/>; the standard ones are added afterwards.</param>
internal sealed class ResourceTable<T>(string table, IReadOnlyList<ResourceColumn<T>> columns, Func<Row, T> map) where T : Resource
{
    /// <summary>Index of the first own column in a row.</summary>
    public const int OwnColumns = 8;

    /// <summary>DDL of the standard columns, for schemas.</summary>
    public const string StandardDdl =
        "id TEXT PRIMARY KEY, project_id TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL, created_at BIGINT NOT NULL, " +
        "updated_at BIGINT NOT NULL, revision_number BIGINT NOT NULL, tags TEXT NOT NULL";

    private readonly string _insert =
        $"INSERT INTO {table} (id, project_id, name, description, created_at, updated_at, revision_number, tags{string.Concat(columns.Select(static c => ", " + c.Name))}) " +
        $"VALUES (@id, @project_id, @name, @description, @created_at, @updated_at, @revision_number, @tags{string.Concat(columns.Select(static c => ", @" + c.Name))})";

    private readonly string _update =
        $"UPDATE {table} SET name = @name, description = @description, updated_at = @updated_at, revision_number = @revision_number, tags = @tags" +
        $"{string.Concat(columns.Select(static c => $", {c.Name} = @{c.Name}"))} WHERE id = @id";

    /// <summary>The table's name; its rows go by alias <c>r</c> in conditions.</summary>
    public string Name => table;

    /// <summary><c>SELECT … FROM table r</c>: conditions follow.</summary>
    public string Select { get; } =
        $"SELECT r.id, r.project_id, r.name, r.description, r.created_at, r.updated_at, r.revision_number, r.tags" +
        $"{string.Concat(columns.Select(static c => ", r." + c.Name))} FROM {table} r";

    public T Map(Row row)
    {
        var own = map(row);
        return own with
        {
            Id = row.String(0),
            ProjectId = row.String(1),
            Name = row.String(2),
            Description = row.String(3),
            CreatedAt = row.Instant(4),
            UpdatedAt = row.Instant(5),
            RevisionNumber = row.Int64(6),
            Tags = TagText.Parse(row.String(7)),
        };
    }

    public Task<T?> FindAsync(Session tx, string id, CancellationToken ct) =>
        tx.FindAsync(Select + " WHERE r.id = @id", Map, ct, ("id", id));

    public Task<List<T>> ListAsync(Session tx, string condition, CancellationToken ct, params ReadOnlySpan<Parameter> parameters) =>
        tx.ListAsync($"{Select} WHERE {condition}", Map, ct, parameters);

    public Task InsertAsync(Session tx, T item, CancellationToken ct) => tx.ExecuteAsync(_insert, ct,
        [("id", item.Id), ("project_id", item.ProjectId), ("created_at", item.CreatedAt), .. Shared(item)]);

    public Task UpdateAsync(Session tx, T item, CancellationToken ct) => tx.ExecuteAsync(_update, ct, [("id", item.Id), .. Shared(item)]);

    public Task DeleteAsync(Session tx, string id, CancellationToken ct) => tx.ExecuteAsync($"DELETE FROM {table} WHERE id = @id", ct, ("id", id));

    private List<Parameter> Shared(T item)
    {
        var parameters = new List<Parameter>(columns.Count + 5)
        {
            ("name", item.Name), ("description", item.Description), ("updated_at", item.UpdatedAt),
            ("revision_number", item.RevisionNumber), ("tags", TagText.Format(item.Tags)),
        };
        foreach (var column in columns)
            parameters.Add((column.Name, column.Value(item)));
        return parameters;
    }
}
