using System.Globalization;
using System.Text;
using Appliance.Linux.Libc;

namespace Appliance.Agent.Metadata;

/// <summary>A password that a guest has posted.</summary>
/// <param name="Epoch">The server's <c>PasswordEpoch</c> when it was posted.</param>
/// <param name="Text">As posted, which is encrypted with the server's key by those who mind.</param>
internal sealed record GuestPassword(int Epoch, string Text);

/// <summary>The passwords that guests have posted, one file a server, so that they survive everything until the controller has them.</summary>
/// <param name="folder">Made when the first password comes.</param>
internal sealed class PasswordStore(string folder)
{
    /// <summary>Nova's limit: four pieces of 255 characters (nova/api/metadata/password.py).</summary>
    public const int MaxLength = 4 * 255;

    private readonly Lock _lock = new();

    /// <summary>A guest has set its password: server id. Raised on a pool thread; handlers do not block.</summary>
    public event Action<string>? Changed;

    /// <returns>Null: never set, or cleared.</returns>
    public GuestPassword? Find(string serverId)
    {
        lock (_lock)
        {
            var path = PathOf(serverId);
            if (!File.Exists(path))
                return null;
            var content = File.ReadAllText(path);
            var end = content.IndexOf('\n', StringComparison.Ordinal);
            return new GuestPassword(int.Parse(content.AsSpan(0, end), CultureInfo.InvariantCulture), content[(end + 1)..]);
        }
    }

    /// <summary>Keeps it durably, once: a password that is set stays until its owner clears it. An empty one is none.</summary>
    /// <param name="epoch">Of the server's newest document.</param>
    /// <returns>False: there is one.</returns>
    public bool TrySet(string serverId, int epoch, ReadOnlySpan<byte> password)
    {
        lock (_lock)
        {
            if (Find(serverId) is { } present && present.Epoch >= epoch)
                return false;
            if (password.IsEmpty)
                return true;

            Directory.CreateDirectory(folder);
            DurableFiles.Replace(PathOf(serverId), Encoding.UTF8.GetBytes($"{epoch}\n{Encoding.UTF8.GetString(password)}"));
        }

        Changed?.Invoke(serverId);
        return true;
    }

    /// <summary>Forgets what was posted before <paramref name="epoch"/>: its owner cleared it.</summary>
    public void Clear(string serverId, int epoch)
    {
        lock (_lock)
        {
            if (Find(serverId) is { } present && present.Epoch < epoch)
                Delete(serverId);
        }
    }

    /// <summary>Forgets it: the server is gone.</summary>
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
