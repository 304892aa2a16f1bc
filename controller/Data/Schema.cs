namespace Appliance.Controller.Data;

/// <summary>
/// The tables of one component as forward steps: step n brings version n-1 to n. A released step never changes; the next need is a new one.
/// Types: TEXT, BIGINT, DOUBLE PRECISION, and the words <c>{blob}</c> and <c>{identity}</c>, which each engine spells its own way.
/// </summary>
internal sealed record ComponentSchema(string Component, IReadOnlyList<string> Steps);

/// <summary>Brings a database to the schema of this build, each step in a transaction of its own with its version.</summary>
internal static class SchemaMigrator
{
    /// <exception cref="InvalidDataException">The file was written by a newer build: going back would lose what it knows.</exception>
    public static async Task MigrateAsync(Database database, IEnumerable<ComponentSchema> schemas, CancellationToken ct)
    {
        await database.WriteAsync((tx, token) => tx.ExecuteAsync(
            "CREATE TABLE IF NOT EXISTS schema_versions (component TEXT PRIMARY KEY, version BIGINT NOT NULL)", token), ct);

        foreach (var schema in schemas)
        {
            var version = await database.ReadAsync((tx, token) => tx.CountAsync(
                "SELECT version FROM schema_versions WHERE component = @component", token, ("component", schema.Component)), ct);
            if (version > schema.Steps.Count)
                throw new InvalidDataException(
                    $"{database.Path}: {schema.Component} is at schema version {version}, this build knows {schema.Steps.Count}; run the newer build");

            for (var step = (int)version; step < schema.Steps.Count; step++)
                await ApplyAsync(database, schema, step, ct);
        }
    }

    private static Task ApplyAsync(Database database, ComponentSchema schema, int step, CancellationToken ct) =>
        database.WriteAsync(async (tx, token) =>
        {
            var sql = schema.Steps[step]
                .Replace("{blob}", "BLOB", StringComparison.Ordinal)
                .Replace("{identity}", "INTEGER PRIMARY KEY AUTOINCREMENT", StringComparison.Ordinal);
            await tx.ExecuteAsync(sql, token);
            await tx.ExecuteAsync(
                "INSERT INTO schema_versions (component, version) VALUES (@component, @version) " +
                "ON CONFLICT (component) DO UPDATE SET version = excluded.version",
                token, ("component", schema.Component), ("version", (long)step + 1));
        }, ct);
}
