using Appliance.Linux.Libc;

namespace Appliance.Agent.Metadata;

/// <summary>
/// The (encrypted) passwords that guests have posted, one file a server, so that they survive everything until the controller has them.
/// </summary>
/// <param name="folder">Made when the first password comes.</param>
internal sealed class PasswordStore(string folder)
{
    /// <summary>Nova's limit: four pieces of 255 characters (nova/api/metadata/password.py).</summary>
    public const int MaxLength = 4 * 255;

    private readonly Lock _lock = new();

    /// <summary>A guest has set its password: server id. Raised on a pool thread; handlers do not block.</summary>
    public event Action<string>? Changed;

    /// <returns>Null or empty: never set.</returns>
    public byte[]? Find(string serverId)
    {
        lock (_lock)
        {
            string path = PathOf(serverId);
            return File.Exists(path) ? File.ReadAllBytes(path) : null;
        }
    }

    /// <summary>Keeps it durably, once: a password that is set stays.</summary>
    /// <returns>False: there is one.</returns>
    public bool TrySet(string serverId, ReadOnlySpan<byte> password)
    {
        lock (_lock)
        {
            if (Find(serverId) is { Length: > 0 })
                return false;

            Directory.CreateDirectory(folder);
            DurableFiles.Replace(PathOf(serverId), password);
        }

        Changed?.Invoke(serverId);
        return true;
    }

    /// <summary>Forgets it: the server is gone, or its owner cleared the password.</summary>
    public void Delete(string serverId)
    {
        lock (_lock)
        {
            if (File.Exists(PathOf(serverId)))
                File.Delete(PathOf(serverId));
        }
    }

    // Ids come from the controller; still, none may name a file elsewhere.
    private string PathOf(string serverId) => Path.Combine(folder, Path.GetFileName(serverId));
}
