using System.Text.Json;
using Appliance.Controller.Data;

namespace Appliance.Controller.Images;

/// <summary>Rows of images and of the projects they are shared with.</summary>
internal static class ImageStore
{
    public static readonly ComponentSchema Schema = new("images",
    [
        """
        CREATE TABLE images (
            id TEXT PRIMARY KEY, name TEXT, owner TEXT NOT NULL, status TEXT NOT NULL, visibility TEXT NOT NULL, is_protected BIGINT NOT NULL,
            is_hidden BIGINT NOT NULL, container_format TEXT, disk_format TEXT, min_disk BIGINT NOT NULL, min_ram BIGINT NOT NULL,
            size BIGINT, virtual_size BIGINT, checksum TEXT, hash_value TEXT, inspection_fault TEXT, tags TEXT NOT NULL,
            properties TEXT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, generation BIGINT NOT NULL);
        CREATE INDEX images_owner ON images (owner);
        CREATE TABLE image_members (
            image_id TEXT NOT NULL, member_id TEXT NOT NULL, status TEXT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL,
            PRIMARY KEY (image_id, member_id));
        CREATE INDEX image_members_member ON image_members (member_id);
        """,
    ]);

    private const string Columns =
        "id, name, owner, status, visibility, is_protected, is_hidden, container_format, disk_format, min_disk, min_ram, size, virtual_size, " +
        "checksum, hash_value, inspection_fault, tags, properties, created_at, updated_at, generation";

    public static Task<Image?> FindAsync(Session tx, string id, CancellationToken ct) =>
        tx.FindAsync($"SELECT {Columns} FROM images WHERE id = @id", Map, ct, ("id", id));

    /// <summary>Every image a project can meet in a list, newest first; all of them for an administrator (<paramref name="projectId"/> null).</summary>
    public static Task<List<Image>> ListAsync(Session tx, string? projectId, CancellationToken ct) => projectId is null
        ? tx.ListAsync($"SELECT {Columns} FROM images ORDER BY created_at DESC, id DESC", Map, ct)
        : tx.ListAsync(
            $"""
            SELECT {Columns} FROM images
            WHERE owner = @project OR visibility IN ('public', 'community')
                OR (visibility = 'shared' AND id IN (SELECT image_id FROM image_members WHERE member_id = @project))
            ORDER BY created_at DESC, id DESC
            """,
            Map, ct, ("project", projectId));

    /// <summary>Bytes that a project's images take, those being uploaded not counted.</summary>
    public static Task<long> SumSizesAsync(Session tx, string projectId, CancellationToken ct) =>
        tx.CountAsync("SELECT SUM(size) FROM images WHERE owner = @owner", ct, ("owner", projectId));

    /// <summary>False when the id is taken.</summary>
    public static async Task<bool> InsertAsync(Session tx, Image image, CancellationToken ct) => await tx.ExecuteAsync(
        $"""
        INSERT INTO images ({Columns}) VALUES (@id, @name, @owner, @status, @visibility, @protected, @hidden, @container, @disk, @minDisk,
            @minRam, @size, @virtualSize, @checksum, @hash, @inspection, @tags, @properties, @created, @updated, @generation)
        ON CONFLICT (id) DO NOTHING
        """,
        ct, Bind(image)) == 1;

    /// <summary>Stores a changed image if nobody changed it since it was read; false when somebody did.</summary>
    public static async Task<bool> UpdateAsync(Session tx, Image image, CancellationToken ct) => await tx.ExecuteAsync(
        """
        UPDATE images SET name = @name, owner = @owner, status = @status, visibility = @visibility, is_protected = @protected,
            is_hidden = @hidden, container_format = @container, disk_format = @disk, min_disk = @minDisk, min_ram = @minRam, size = @size,
            virtual_size = @virtualSize, checksum = @checksum, hash_value = @hash, inspection_fault = @inspection, tags = @tags,
            properties = @properties, updated_at = @updated, generation = @generation + 1
        WHERE id = @id AND generation = @generation AND created_at = @created
        """,
        ct, Bind(image)) == 1;

    /// <summary>False when it changed or went since it was read.</summary>
    public static async Task<bool> DeleteAsync(Session tx, Image image, CancellationToken ct)
    {
        if (await tx.ExecuteAsync("DELETE FROM images WHERE id = @id AND generation = @generation",
                ct, ("id", image.Id), ("generation", image.Generation)) == 0)
            return false;

        await tx.ExecuteAsync("DELETE FROM image_members WHERE image_id = @id", ct, ("id", image.Id));
        return true;
    }

    /// <summary>Uploads of a former process are over: their images are empty again.</summary>
    public static Task ResetUploadsAsync(Session tx, CancellationToken ct) =>
        tx.ExecuteAsync("UPDATE images SET status = 'queued', generation = generation + 1 WHERE status = 'saving'", ct);

    public static Task<List<string>> ListIdsWithDataAsync(Session tx, CancellationToken ct) =>
        tx.ListAsync("SELECT id FROM images WHERE status IN ('active', 'deactivated')", static row => row.String(0), ct);

    private static Parameter[] Bind(Image image) =>
    [
        ("id", image.Id), ("name", image.Name), ("owner", image.Owner), ("status", image.Status), ("visibility", image.Visibility),
        ("protected", image.IsProtected), ("hidden", image.IsHidden), ("container", image.ContainerFormat), ("disk", image.DiskFormat),
        ("minDisk", (long)image.MinDiskGiB), ("minRam", (long)image.MinRamMiB), ("size", image.SizeBytes),
        ("virtualSize", image.VirtualSizeBytes), ("checksum", image.Checksum), ("hash", image.HashValue),
        ("inspection", image.InspectionFault), ("tags", ImageColumns.Write(image.Tags)), ("properties", ImageColumns.Write(image.Properties)),
        ("created", image.CreatedAt), ("updated", image.UpdatedAt), ("generation", image.Generation),
    ];

    private static Image Map(Row row) => new(
        row.String(0), row.NullableString(1), row.String(2), row.String(3), row.String(4), row.Bool(5), row.Bool(6), row.NullableString(7),
        row.NullableString(8), row.Int32(9), row.Int32(10), row.NullableInt64(11), row.NullableInt64(12), row.NullableString(13),
        row.NullableString(14), row.NullableString(15), ImageColumns.ReadList(row.String(16)), ImageColumns.ReadMap(row.String(17)),
        row.Instant(18), row.Instant(19), row.Int64(20));
}

/// <summary>Tags and properties as JSON text columns.</summary>
internal static class ImageColumns
{
    public static string Write(IReadOnlyList<string> items) => Write(json =>
    {
        json.WriteStartArray();
        foreach (var item in items)
            json.WriteStringValue(item);
        json.WriteEndArray();
    });

    public static string Write(IReadOnlyDictionary<string, string> map) => Write(json =>
    {
        json.WriteStartObject();
        foreach (var (name, value) in map)
            json.WriteString(name, value);
        json.WriteEndObject();
    });

    public static IReadOnlyList<string> ReadList(string text)
    {
        if (text == "[]")
            return [];
        using var document = JsonDocument.Parse(text);
        return [.. document.RootElement.EnumerateArray().Select(static item => item.GetString()!)];
    }

    public static IReadOnlyDictionary<string, string> ReadMap(string text)
    {
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        if (text == "{}")
            return map;
        using var document = JsonDocument.Parse(text);
        foreach (var member in document.RootElement.EnumerateObject())
            map[member.Name] = member.Value.GetString()!;
        return map;
    }

    private static string Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        write(json);
        json.Flush();
        return System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
