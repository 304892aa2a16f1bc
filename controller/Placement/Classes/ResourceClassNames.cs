using System.Text.RegularExpressions;
using Appliance.Controller.Data;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Placement.Classes;

/// <summary>Which resource classes there are: the standard ones and the administrators' own.</summary>
internal static partial class ResourceClassNames
{
    public const int MaxLength = 255;

    public static JsonSchema CustomSchema => JsonSchema.String(max: MaxLength).Pattern("^CUSTOM_[A-Z0-9_]+$");

    public static bool IsStandard(string name) => ResourceClasses.Standard.Contains(name);

    public static bool IsCustom(string name) => name.Length <= MaxLength && CustomName().IsMatch(name);

    public static async Task<bool> ExistsAsync(Session tx, string name, CancellationToken ct) => IsStandard(name)
        || await tx.CountAsync("SELECT COUNT(*) FROM placement_resource_classes WHERE name = @name", ct, ("name", name)) > 0;

    public static async Task<List<string>> ListAsync(Session tx, CancellationToken ct) =>
        [.. ResourceClasses.Standard, .. await tx.ListAsync("SELECT name FROM placement_resource_classes ORDER BY name", static row => row.String(0), ct)];

    /// <summary>False when it exists already.</summary>
    public static async Task<bool> InsertAsync(Session tx, string name, DateTimeOffset now, CancellationToken ct) => await tx.ExecuteAsync(
        "INSERT INTO placement_resource_classes (name, updated_at) VALUES (@name, @now) ON CONFLICT (name) DO NOTHING",
        ct, ("name", name), ("now", now)) > 0;

    public static async Task<bool> IsUsedAsync(Session tx, string name, CancellationToken ct) => await tx.CountAsync(
        "SELECT COUNT(*) FROM placement_inventories WHERE resource_class = @name", ct, ("name", name)) > 0;

    public static Task DeleteAsync(Session tx, string name, CancellationToken ct) =>
        tx.ExecuteAsync("DELETE FROM placement_resource_classes WHERE name = @name", ct, ("name", name));

    /// <summary>Renames a class of an administrator, wherever it is used.</summary>
    public static async Task RenameAsync(Session tx, string name, string newName, CancellationToken ct)
    {
        foreach (var statement in Renames)
            await tx.ExecuteAsync(statement, ct, ("name", name), ("new", newName));
    }

    private static readonly string[] Renames =
    [
        "UPDATE placement_resource_classes SET name = @new WHERE name = @name",
        "UPDATE placement_inventories SET resource_class = @new WHERE resource_class = @name",
        "UPDATE placement_allocations SET resource_class = @new WHERE resource_class = @name",
    ];

    [GeneratedRegex("^CUSTOM_[A-Z0-9_]+$")]
    private static partial Regex CustomName();
}
