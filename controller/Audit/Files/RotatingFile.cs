using System.Text;

namespace Appliance.Controller.Audit.Files;

/// <summary>
/// A file of lines that is appended to durably and put aside when it is full: <c>path</c>, <c>path.1</c> (newest) … <c>path.N</c>. Opened for
/// each append, so that somebody else may move it away too. Readable by its owner only. One writer.
/// </summary>
internal sealed class RotatingFile(string path, long maxBytes, int kept)
{
    // More than any line.
    private const int TailBytes = 256 * 1024;

    /// <param name="lines">Whole lines, each with its end.</param>
    public async Task AppendAsync(ReadOnlyMemory<byte> lines, CancellationToken ct)
    {
        if (Path.GetDirectoryName(path) is { Length: > 0 } folder)
            Directory.CreateDirectory(folder);
        if (File.Exists(path) && new FileInfo(path).Length + lines.Length > maxBytes)
            Rotate();
        await using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.Read,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        file.Position = await FindEndAsync(file, ct);
        await file.WriteAsync(lines, ct);
        file.SetLength(file.Position);
        file.Flush(flushToDisk: true);
    }

    /// <summary>The last whole line, of the file put aside last when this one is new; null: there is none.</summary>
    public async Task<string?> ReadLastLineAsync(CancellationToken ct) => await ReadLastLineAsync(path, ct) ?? await ReadLastLineAsync(path + ".1", ct);

    private static async Task<string?> ReadLastLineAsync(string path, CancellationToken ct)
    {
        if (!File.Exists(path))
            return null;
        await using var file = File.OpenRead(path);
        var tail = await ReadTailAsync(file, ct);
        var end = Array.LastIndexOf(tail, (byte)'\n');
        if (end < 0)
            return null;
        var start = end == 0 ? -1 : Array.LastIndexOf(tail, (byte)'\n', end - 1);
        return Encoding.UTF8.GetString(tail, start + 1, end - start - 1);
    }

    // A line that was cut short by a crash is written over.
    private static async Task<long> FindEndAsync(FileStream file, CancellationToken ct)
    {
        var tail = await ReadTailAsync(file, ct);
        return tail.Length == 0 ? 0 : file.Length - tail.Length + Array.LastIndexOf(tail, (byte)'\n') + 1;
    }

    private static async Task<byte[]> ReadTailAsync(FileStream file, CancellationToken ct)
    {
        var tail = new byte[Math.Min(TailBytes, file.Length)];
        file.Position = file.Length - tail.Length;
        await file.ReadExactlyAsync(tail, ct);
        return tail;
    }

    private void Rotate()
    {
        if (kept == 0)
        {
            File.Delete(path);
            return;
        }

        for (var number = kept - 1; number >= 1; number--)
        {
            if (File.Exists($"{path}.{number}"))
                File.Move($"{path}.{number}", $"{path}.{number + 1}", overwrite: true);
        }

        File.Move(path, path + ".1", overwrite: true);
    }
}
