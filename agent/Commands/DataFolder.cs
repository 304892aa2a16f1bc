namespace Appliance.Agent.Commands;

/// <summary>The node's folder, held by one agent at a time.</summary>
internal sealed class DataFolder : IDisposable
{
    private readonly FileStream _lock;

    private DataFolder(string path, FileStream held) => (Root, _lock) = (path, held);

    public string Root { get; }
    public string Identity => Path.Combine(Root, "identity");
    public string Documents => Path.Combine(Root, "documents");

    /// <summary>Whether the node of this folder has ever made interfaces and rules in the kernel, so that somebody must remove them.</summary>
    public bool HasNetwork => File.Exists(NetworkMark);

    private string NetworkMark => Path.Combine(Root, "network");

    /// <summary>To be called before the first of them is made.</summary>
    public void MarkNetwork() => File.WriteAllBytes(NetworkMark, []);

    /// <exception cref="IOException">Another agent uses the folder, or it cannot be made.</exception>
    public static DataFolder Open(string path)
    {
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);        // guests' processes reach their own folders below it
        try
        {
            // flock(2) underneath: released by the kernel however the process ends.
            return new DataFolder(path, new FileStream(Path.Combine(path, "agent.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException e) when (Directory.Exists(path))
        {
            throw new IOException($"{path} is in use by another agent; stop that one first", e);
        }
    }

    public void Dispose() => _lock.Dispose();
}
