using System.Security.Cryptography;
using System.Text;

namespace Appliance.Controller.Identity;

/// <summary>
/// A key beside the database, in a file of its own: what must not be readable from the database file alone is sealed with it
/// (AES-256-GCM, bound to a purpose). Several controllers of one site share the file.
/// </summary>
internal sealed class SiteSecret
{
    private const int KeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private readonly byte[] _key;

    private SiteSecret(byte[] key) => _key = key;

    /// <summary>Reads <c>{data}/pki/identity.key</c>, making it at first.</summary>
    public static SiteSecret LoadOrCreate(string dataFolder)
    {
        var folder = Path.Combine(dataFolder, "pki");
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var path = Path.Combine(folder, "identity.key");
        if (!File.Exists(path))
            Create(path);
        var key = File.ReadAllBytes(path);
        return key.Length == KeyBytes ? new SiteSecret(key) : throw new InvalidDataException($"{path}: {key.Length} bytes, a key has {KeyBytes}");
    }

    public string Seal(ReadOnlySpan<byte> plain, string purpose)
    {
        var whole = new byte[NonceBytes + plain.Length + TagBytes];
        RandomNumberGenerator.Fill(whole.AsSpan(0, NonceBytes));
        using var cipher = new AesGcm(_key, TagBytes);
        cipher.Encrypt(
            whole.AsSpan(0, NonceBytes), plain, whole.AsSpan(NonceBytes, plain.Length), whole.AsSpan(NonceBytes + plain.Length), Encoding.UTF8.GetBytes(purpose));
        return Convert.ToBase64String(whole);
    }

    /// <exception cref="CryptographicException">Sealed with another key or for another purpose.</exception>
    public byte[] Open(string text, string purpose)
    {
        var whole = Convert.FromBase64String(text);
        var plain = new byte[whole.Length - NonceBytes - TagBytes];
        using var cipher = new AesGcm(_key, TagBytes);
        cipher.Decrypt(whole.AsSpan(0, NonceBytes), whole.AsSpan(NonceBytes, plain.Length), whole.AsSpan(^TagBytes..), plain, Encoding.UTF8.GetBytes(purpose));
        return plain;
    }

    /// <summary>For what strangers show: null where <see cref="Open"/> would throw, and for what is no sealed text at all.</summary>
    public byte[]? TryOpen(string text, string purpose)
    {
        var whole = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, whole, out var length) || length < NonceBytes + TagBytes)
            return null;
        try
        {
            return Open(text, purpose);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static void Create(string path)
    {
        var temporary = path + ".new";
        using (var file = new FileStream(temporary, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            file.Write(RandomNumberGenerator.GetBytes(KeyBytes));
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: false);
    }
}
