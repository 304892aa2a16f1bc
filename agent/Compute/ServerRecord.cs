using System.Text.Json;
using Appliance.Linux.Libc;

namespace Appliance.Agent.Compute;

/// <summary>
/// One server's folder and its durable state. Written whole (temporary file, fsync, rename), so that a reader after a power cut sees one
/// state or the next. Used by the server's keeper only.
/// </summary>
internal sealed class ServerRecord
{
    private const string StateFile = "state.json";

    private ServerRecord(string id, string folder, ServerState? state) => (Id, Folder, State) = (id, folder, state);

    public string Id { get; }

    /// <summary>Absolute; exists once the state was saved.</summary>
    public string Folder { get; }

    /// <summary>Null until it was saved for the first time.</summary>
    public ServerState? State { get; private set; }

    /// <summary>Reads a server's record; one that was never saved, or whose folder was half deleted, has no state.</summary>
    public static ServerRecord Load(string serversFolder, string id)
    {
        var folder = Path.Combine(serversFolder, id);
        var path = Path.Combine(folder, StateFile);
        var state = File.Exists(path)
            ? JsonSerializer.Deserialize(File.ReadAllBytes(path), ComputeJson.Default.ServerState)
            : null;
        return new(id, folder, state);
    }

    /// <summary>Durable when it returns. Nothing is written when nothing changed.</summary>
    public void Save(ServerState state)
    {
        if (state == State)
            return;

        Directory.CreateDirectory(Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        DurableFiles.Replace(Path.Combine(Folder, StateFile), JsonSerializer.SerializeToUtf8Bytes(state, ComputeJson.Default.ServerState));
        State = state;
    }

    /// <summary>
    /// Removes the folder with everything in it. The state goes last: a crash before that leaves a server the next agent deletes again.
    /// </summary>
    public void Delete()
    {
        if (Directory.Exists(Folder))
        {
            foreach (var path in Directory.EnumerateFileSystemEntries(Folder))
            {
                if (Path.GetFileName(path) == StateFile)
                    continue;
                if (Directory.Exists(path))
                    Directory.Delete(path, recursive: true);
                else
                    File.Delete(path);
            }

            File.Delete(Path.Combine(Folder, StateFile));
            Directory.Delete(Folder);
        }

        State = null;
    }

    public string PathOf(string file) => Path.Combine(Folder, file);
}
