namespace Appliance.SystemTests.Harness;

/// <summary>What the product can leave behind on a machine; two snapshots are compared.</summary>
internal sealed record MachineState(
    IReadOnlyList<string> Links, IReadOnlyList<string> Namespaces, IReadOnlyList<string> NftTables, IReadOnlyList<string> Processes,
    IReadOnlyList<string> Mounts, IReadOnlyList<string> Files)
{
    /// <param name="folder">Whose files are listed: a node's data folder.</param>
    public static async Task<MachineState> ReadAsync(string folder) => new(
        await LinesAsync("ip", "-o", "link", "show"),
        await LinesAsync("ip", "netns", "list"),
        await LinesAsync("nft", "list", "tables"),
        [.. Directory.GetDirectories("/proc").Select(static path => Path.GetFileName(path)).Where(static name => int.TryParse(name, out _))
            .Select(ReadCommand).Where(static command => command.Contains("qemu-system", StringComparison.Ordinal)).Order()],
        [.. (await File.ReadAllLinesAsync("/proc/self/mounts")).Order()],
        Directory.Exists(folder) ? [.. Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories).Where(IsOfAGuest).Order()] : []);

    /// <summary>What is new since <paramref name="before"/>.</summary>
    public IReadOnlyList<string> NewSince(MachineState before) =>
    [
        .. Links.Except(before.Links), .. Namespaces.Except(before.Namespaces), .. NftTables.Except(before.NftTables),
        .. Processes.Except(before.Processes), .. Mounts.Except(before.Mounts), .. Files.Except(before.Files),
    ];

    /// <summary>Fails the test with what is new since <paramref name="before"/>.</summary>
    public void ShouldHaveNothingMoreThan(MachineState before) => Assert.Equal([], NewSince(before));

    // The image cache and the node's own journal stay; what belongs to one server must not.
    private static bool IsOfAGuest(string path) => path.Contains("/servers/", StringComparison.Ordinal);

    private static string ReadCommand(string pid)
    {
        try
        {
            return pid + " " + File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "";
        }
    }

    // Link lines without the index and the volatile state behind the name.
    private static async Task<IReadOnlyList<string>> LinesAsync(string file, params string[] arguments) =>
        [.. (await Program.RunAsync(file, arguments)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => arguments[0] == "-o" ? line.Split(':')[1].Trim() : line.Split(" (id")[0].Trim()).Order()];
}
