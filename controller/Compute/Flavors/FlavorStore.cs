using Appliance.Controller.Data;
using Appliance.Controller.Http;

namespace Appliance.Controller.Compute.Flavors;

/// <summary>
/// Flavors, few and read with nearly every request: kept in memory as they were after the last commit, and written through.
/// </summary>
internal sealed class FlavorStore(Database database)
{
    private readonly Lock _lock = new();
    private long _loads;
    private long _published;
    private volatile IReadOnlyList<Flavor> _all = [];

    public static readonly ComponentSchema Schema = new("compute_flavors",
    [
        """
        CREATE TABLE flavors (
            id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, vcpus BIGINT NOT NULL, memory_mib BIGINT NOT NULL, root_gib BIGINT NOT NULL,
            ephemeral_gib BIGINT NOT NULL, swap_mib BIGINT NOT NULL, rxtx_factor DOUBLE PRECISION NOT NULL, is_public BIGINT NOT NULL,
            description TEXT);
        CREATE TABLE flavor_extra_specs (
            flavor_id TEXT NOT NULL REFERENCES flavors (id) ON DELETE CASCADE, name TEXT NOT NULL, value TEXT NOT NULL,
            PRIMARY KEY (flavor_id, name));
        CREATE TABLE flavor_projects (
            flavor_id TEXT NOT NULL REFERENCES flavors (id) ON DELETE CASCADE, project_id TEXT NOT NULL, PRIMARY KEY (flavor_id, project_id));
        INSERT INTO flavors (id, name, vcpus, memory_mib, root_gib, ephemeral_gib, swap_mib, rxtx_factor, is_public) VALUES
            ('1', 'm1.tiny', 1, 512, 1, 0, 0, 1.0, 1), ('2', 'm1.small', 1, 2048, 20, 0, 0, 1.0, 1),
            ('3', 'm1.medium', 2, 4096, 40, 0, 0, 1.0, 1), ('4', 'm1.large', 4, 8192, 80, 0, 0, 1.0, 1),
            ('5', 'm1.xlarge', 8, 16384, 160, 0, 0, 1.0, 1);
        """,
    ]);

    /// <summary>All flavors by id, from memory.</summary>
    public IReadOnlyList<Flavor> All => _all;

    public async Task LoadAsync(CancellationToken ct)
    {
        var sequence = Interlocked.Increment(ref _loads);
        Publish(sequence, await database.ReadAsync(ReadAsync, ct));
    }

    /// <summary>From memory; null when there is none or the caller may not see it (administrators see all).</summary>
    public Flavor? Find(string id, Caller caller)
    {
        foreach (var flavor in _all)
        {
            if (flavor.Id == id)
                return caller.IsAdmin || flavor.IsOpenTo(caller.ProjectId) ? flavor : null;
        }

        return null;
    }

    public Task<Outcome<Flavor>> CreateAsync(Flavor flavor, CancellationToken ct) => database.TryWriteAsync<Flavor>(async (tx, token) =>
    {
        if (await tx.CountAsync("SELECT COUNT(*) FROM flavors WHERE name = @name", token, ("name", flavor.Name)) > 0)
            return ComputeFaults.Conflict($"Flavor with name {flavor.Name} already exists.");
        if (await ExistsAsync(tx, flavor.Id, token))
            return ComputeFaults.Conflict($"Flavor with ID {flavor.Id} already exists.");

        await tx.ExecuteAsync(
            """
            INSERT INTO flavors (id, name, vcpus, memory_mib, root_gib, ephemeral_gib, swap_mib, rxtx_factor, is_public, description)
            VALUES (@id, @name, @vcpus, @memory, @root, @ephemeral, @swap, @rxtx, @public, @description)
            """,
            token, ("id", flavor.Id), ("name", flavor.Name), ("vcpus", flavor.Vcpus), ("memory", flavor.MemoryMiB), ("root", flavor.RootGiB),
            ("ephemeral", flavor.EphemeralGiB), ("swap", flavor.SwapMiB), ("rxtx", flavor.RxtxFactor), ("public", flavor.IsPublic),
            ("description", flavor.Description));
        await RefreshAsync(tx, token);
        return flavor;
    }, ct);

    public Task<Fault?> DescribeAsync(string id, string? description, CancellationToken ct) => ChangeAsync(id, (tx, token) =>
        tx.ExecuteAsync("UPDATE flavors SET description = @description WHERE id = @id", token, ("id", id), ("description", description)), ct);

    public Task<Fault?> DeleteAsync(string id, CancellationToken ct) => ChangeAsync(id, (tx, token) =>
        tx.ExecuteAsync("DELETE FROM flavors WHERE id = @id", token, ("id", id)), ct);

    public Task<Fault?> SetExtraSpecsAsync(string id, IReadOnlyDictionary<string, string> specs, CancellationToken ct) =>
        ChangeAsync(id, async (tx, token) =>
        {
            foreach (var (name, value) in specs)
            {
                await tx.ExecuteAsync(
                    """
                    INSERT INTO flavor_extra_specs (flavor_id, name, value) VALUES (@id, @name, @value)
                    ON CONFLICT (flavor_id, name) DO UPDATE SET value = excluded.value
                    """,
                    token, ("id", id), ("name", name), ("value", value));
            }
        }, ct);

    public Task<Fault?> DeleteExtraSpecAsync(string id, string name, CancellationToken ct) => ChangeAsync(id, (tx, token) =>
        tx.ExecuteAsync("DELETE FROM flavor_extra_specs WHERE flavor_id = @id AND name = @name", token, ("id", id), ("name", name)), ct);

    public async Task<Fault?> AddAccessAsync(string id, string projectId, CancellationToken ct)
    {
        var isNew = true;
        var fault = await ChangeAsync(id, async (tx, token) => isNew = await tx.ExecuteAsync(
            "INSERT INTO flavor_projects (flavor_id, project_id) VALUES (@id, @project) ON CONFLICT (flavor_id, project_id) DO NOTHING",
            token, ("id", id), ("project", projectId)) > 0, ct);
        return fault ?? (isNew ? null : ComputeFaults.Conflict(
            $"Flavor access already exists for flavor {id} and project {projectId} combination."));
    }

    public async Task<Fault?> RemoveAccessAsync(string id, string projectId, CancellationToken ct)
    {
        var wasThere = true;
        var fault = await ChangeAsync(id, async (tx, token) => wasThere = await tx.ExecuteAsync(
            "DELETE FROM flavor_projects WHERE flavor_id = @id AND project_id = @project", token, ("id", id), ("project", projectId)) > 0, ct);
        return fault ?? (wasThere ? null : ComputeFaults.NotFound($"Flavor access not found for {id} / {projectId} combination."));
    }

    private Task<Fault?> ChangeAsync(string id, Func<Session, CancellationToken, Task> change, CancellationToken ct) =>
        database.TryWriteAsync(async (tx, token) =>
        {
            if (!await ExistsAsync(tx, id, token))
                return ComputeFaults.NoFlavor(id);
            await change(tx, token);
            await RefreshAsync(tx, token);
            return (Fault?)null;
        }, ct);

    private static async Task<bool> ExistsAsync(Session tx, string id, CancellationToken ct) =>
        await tx.CountAsync("SELECT COUNT(*) FROM flavors WHERE id = @id", ct, ("id", id)) > 0;

    private async Task RefreshAsync(Session tx, CancellationToken ct)
    {
        var sequence = Interlocked.Increment(ref _loads);
        var all = await ReadAsync(tx, ct);
        tx.AfterCommit(() => Publish(sequence, all));
    }

    // After-commit actions of two writes may run in either order: the later load wins.
    private void Publish(long sequence, IReadOnlyList<Flavor> all)
    {
        lock (_lock)
        {
            if (sequence <= _published)
                return;
            _published = sequence;
            _all = all;
        }
    }

    private static async Task<IReadOnlyList<Flavor>> ReadAsync(Session tx, CancellationToken ct)
    {
        var specs = (await tx.ListAsync("SELECT flavor_id, name, value FROM flavor_extra_specs ORDER BY flavor_id, name",
            static row => (Flavor: row.String(0), Name: row.String(1), Value: row.String(2)), ct)).ToLookup(static spec => spec.Flavor);
        var projects = (await tx.ListAsync("SELECT flavor_id, project_id FROM flavor_projects ORDER BY flavor_id, project_id",
            static row => (Flavor: row.String(0), Project: row.String(1)), ct)).ToLookup(static access => access.Flavor, static access => access.Project);
        return await tx.ListAsync(
            """
            SELECT id, name, vcpus, memory_mib, root_gib, ephemeral_gib, swap_mib, rxtx_factor, is_public, description FROM flavors ORDER BY id
            """,
            row => new Flavor(
                row.String(0), row.String(1), row.Int32(2), row.Int32(3), row.Int32(4), row.Int32(5), row.Int32(6), row.Double(7), row.Bool(8),
                row.NullableString(9), specs[row.String(0)].ToDictionary(static spec => spec.Name, static spec => spec.Value),
                [.. projects[row.String(0)]]),
            ct);
    }
}
