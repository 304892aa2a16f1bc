namespace Appliance.Agent.Compute;

/// <summary>A guest's control group: a leaf below <c>appliance</c>, in the unified hierarchy or, on machines that have only those, in the older ones.</summary>
internal static class GuestCgroup
{
    private const string Mounts = "/sys/fs/cgroup";
    private const string Parent = "appliance";

    private static readonly string[] OldControllers = ["memory", "pids", "cpu"];

    private static bool IsUnified => File.Exists(Path.Combine(Mounts, "cgroup.controllers"));

    /// <summary>Puts a process that has not started its guest into its group.</summary>
    /// <returns>Why it is in none; null when it is.</returns>
    public static string? Place(string serverId, int processId, GuestLimits limits)
    {
        try
        {
            var folders = IsUnified ? [MakeUnified(serverId)] : MakeOld(serverId);
            if (folders.Count == 0)
                return $"there is no control group hierarchy at {Mounts}";
            foreach (var folder in folders)
            {
                foreach (var (file, value) in limits.Settings)
                    WriteIfThere(Path.Combine(folder, file), value);
                File.WriteAllText(Path.Combine(folder, "cgroup.procs"), processId.ToString(CultureInfo.InvariantCulture));
            }

            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"no control group: {e.Message}";
        }
    }

    /// <summary>Removes the group of a guest that has ended; one that is not there is no failure.</summary>
    public static void Remove(string serverId)
    {
        foreach (var hierarchy in IsUnified ? [Mounts] : OldControllers.Select(static name => Path.Combine(Mounts, name)))
        {
            try
            {
                Directory.Delete(Path.Combine(hierarchy, Parent, serverId));
            }
            catch (IOException)
            {
                // Not there; or something of it is ending still, and the next start uses the same group.
            }
        }
    }

    private static string MakeUnified(string serverId)
    {
        var parent = Path.Combine(Mounts, Parent);
        Delegate(Mounts);
        Directory.CreateDirectory(parent);
        Delegate(parent);
        return Directory.CreateDirectory(Path.Combine(parent, serverId)).FullName;
    }

    // One by one: a controller that the machine does not have must not cost the others.
    private static void Delegate(string folder)
    {
        foreach (var controller in new[] { "+cpu", "+memory", "+pids", "+io" })
            WriteIfThere(Path.Combine(folder, "cgroup.subtree_control"), controller);
    }

    private static List<string> MakeOld(string serverId) =>
    [
        .. OldControllers.Select(static name => Path.Combine(Mounts, name)).Where(Directory.Exists)
            .Select(hierarchy => Directory.CreateDirectory(Path.Combine(hierarchy, Parent, serverId)).FullName),
    ];

    private static void WriteIfThere(string path, string value)
    {
        try
        {
            if (File.Exists(path))
                File.WriteAllText(path, value);
        }
        catch (IOException)
        {
            // The controller is not available here.
        }
    }
}
