namespace Appliance.Agent.Compute.Serial;

/// <summary>
/// What a guest wrote to its serial port, bounded whatever the guest does: two files, the older of which is dropped when the newer is full.
/// They outlive the guest and the agent, though not a power cut for certain.
/// </summary>
internal sealed class ConsoleLog : IDisposable
{
    /// <summary>Of each of the two files. Nova shows at most 100 KiB (MAX_CONSOLE_BYTES).</summary>
    private const int FileBytes = 256 * 1024;

    private readonly string _current;
    private readonly string _previous;
    private FileStream? _file;

    public ConsoleLog(string folder) =>
        (_current, _previous) = (Path.Combine(folder, "console.log"), Path.Combine(folder, "console.log.1"));

    /// <summary>Called by one writer.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        _file ??= Open();
        if (_file.Position + bytes.Length > FileBytes)
        {
            _file.Dispose();
            File.Move(_current, _previous, overwrite: true);
            _file = Open();
        }

        _file.Write(bytes);
    }

    /// <summary>The last bytes; fewer when there are not as many. May be called while a guest writes.</summary>
    public static async Task<byte[]> ReadEndAsync(string folder, int maxBytes, CancellationToken ct)
    {
        using var log = new ConsoleLog(folder);
        var newer = await ReadFileEndAsync(log._current, maxBytes, ct);
        if (newer.Length >= maxBytes)
            return newer;

        var older = await ReadFileEndAsync(log._previous, maxBytes - newer.Length, ct);
        return [.. older, .. newer];
    }

    public void Dispose() => _file?.Dispose();

    private static async Task<byte[]> ReadFileEndAsync(string path, int maxBytes, CancellationToken ct)
    {
        try
        {
            await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var end = new byte[Math.Clamp(file.Length, 0, maxBytes)];
            file.Seek(-end.Length, SeekOrigin.End);
            var read = await file.ReadAtLeastAsync(end, end.Length, throwOnEndOfStream: false, ct);
            return end[..read];
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
    }

    // Unbuffered: a reader, and the next agent, see every byte.
    private FileStream Open() => new(_current, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
}
