using System.Text.RegularExpressions;
using Appliance.Controller.Data;

namespace Appliance.Controller.Placement.Traits;

/// <summary>Which traits there are: the standard ones (os-traits; <c>standard-traits.txt</c>) and the administrators' own.</summary>
internal static partial class TraitNames
{
    private static readonly HashSet<string> Standard = ReadStandard();

    public static bool IsStandard(string name) => Standard.Contains(name);

    public static bool IsCustom(string name) => name.Length <= 255 && CustomName().IsMatch(name);

    public static async Task<bool> ExistsAsync(Session tx, string name, CancellationToken ct) => IsStandard(name)
        || await tx.CountAsync("SELECT COUNT(*) FROM placement_traits WHERE name = @name", ct, ("name", name)) > 0;

    public static async Task<List<string>> ListAsync(Session tx, CancellationToken ct) => [.. Standard.Concat(
        await tx.ListAsync("SELECT name FROM placement_traits", static row => row.String(0), ct)).Order(StringComparer.Ordinal)];

    public static Task<List<string>> ListUsedAsync(Session tx, CancellationToken ct) =>
        tx.ListAsync("SELECT DISTINCT trait FROM placement_provider_traits", static row => row.String(0), ct);

    /// <summary>False when it exists already.</summary>
    public static async Task<bool> InsertAsync(Session tx, string name, DateTimeOffset now, CancellationToken ct) => await tx.ExecuteAsync(
        "INSERT INTO placement_traits (name, updated_at) VALUES (@name, @now) ON CONFLICT (name) DO NOTHING", ct, ("name", name), ("now", now)) > 0;

    public static Task DeleteAsync(Session tx, string name, CancellationToken ct) =>
        tx.ExecuteAsync("DELETE FROM placement_traits WHERE name = @name", ct, ("name", name));

    private static HashSet<string> ReadStandard()
    {
        using var stream = typeof(TraitNames).Assembly.GetManifestResourceStream("standard-traits.txt")!;
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }

    [GeneratedRegex("^CUSTOM_[A-Z0-9_]+$")]
    private static partial Regex CustomName();
}
