namespace Appliance.Linux.Libc;

/// <summary>
/// Short paths to the sockets of a folder: a socket's path has room for 107 bytes, which a data folder below a home folder soon exceeds.
/// </summary>
internal sealed class UnixSocketFolder(string folder) : IDisposable
{
    private readonly Fd _folder = Files.Open(folder, Files.O_RDONLY | Files.O_DIRECTORY);

    /// <summary>A path for bind(2) and connect(2) by this process, while this object is not disposed.</summary>
    public string PathOf(string name) => string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{_folder.Number}/{name}");

    public void Dispose() => _folder.Dispose();
}
