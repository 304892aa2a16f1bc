using System.Buffers;
using System.Buffers.Binary;
using Appliance.Agent.Logging;
using Appliance.Linux.Libc;
using Microsoft.Win32.SafeHandles;

namespace Appliance.Agent.Node.Documents;

/// <summary>
/// The file behind <see cref="DocumentStore"/>: frames appended and flushed once a batch, and rewritten as one full batch when most of it is
/// history. A batch counts only with its commit frame, so a crash in the middle of writing leaves the batch before it.
/// </summary>
internal sealed class DocumentJournal : IDisposable
{
    public const byte FormatVersion = 1;

    // Rewriting costs as much as the live documents; below this size reading the history at start costs less than that.
    private const int MinCompactionBytes = 1024 * 1024;
    // History may be this many times the live documents: each byte is then rewritten at most once for three appended.
    private const int MaxHistoryFactor = 4;

    private readonly string _path;
    private SafeFileHandle? _file;
    private long _length;

    private DocumentJournal(string path) => _path = path;

    /// <summary>Identity of this journal; a new one whenever a journal was begun without the documents of the one before.</summary>
    public Guid StoreId { get; private set; }

    /// <summary>
    /// Opens the journal at <paramref name="path"/> and replays what is committed. A batch cut off at the end is dropped: it was never
    /// acknowledged. A journal damaged before that is set aside and a new one begun, because half of the desired documents are worse than
    /// none: what is missing would be removed from the node.
    /// </summary>
    public static DocumentJournal Open(string path, IJournalReplay replay, Log log)
    {
        var journal = new DocumentJournal(path);
        File.Delete(journal.TemporaryPath);
        if (File.Exists(path) && journal.TryReplay(replay, log))
            return journal;

        if (File.Exists(path))
        {
            log.Error($"{path} is damaged: kept as {path}.damaged; nothing is changed on this node until the controller has sent its documents again");
            File.Move(path, path + ".damaged", overwrite: true);
            replay.Clear();
        }

        journal.StoreId = Guid.NewGuid();
        var empty = new ArrayBufferWriter<byte>();
        JournalFrame.WriteHeader(empty, journal.StoreId);
        journal.Replace(empty.WrittenSpan);
        return journal;
    }

    /// <summary>Appends whole frames ending in a commit; durable when the call returns.</summary>
    /// <exception cref="IOException">Nothing of it counts; the next call must be <see cref="Replace"/>.</exception>
    public void Append(ReadOnlySpan<byte> frames)
    {
        var file = _file ?? throw new IOException($"{_path}: not writable since the last failure");
        try
        {
            RandomAccess.Write(file, frames, _length);
            RandomAccess.FlushToDisk(file);
            _length += frames.Length;
        }
        catch (IOException)
        {
            // After a failed flush the kernel may have dropped the pages: what the file holds is unknown, so it is not appended to again.
            file.Dispose();
            _file = null;
            throw;
        }
    }

    /// <summary>Whether <see cref="Append"/> is not possible, or the file is mostly history and should be replaced.</summary>
    public bool NeedsReplacement(long liveBytes) =>
        _file is null || (_length > MinCompactionBytes && _length > liveBytes * MaxHistoryFactor);

    /// <summary>Replaces the file with whole frames beginning with a header; durable when the call returns, and atomic.</summary>
    public void Replace(ReadOnlySpan<byte> frames)
    {
        var file = File.OpenHandle(TemporaryPath, FileMode.Create, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete);
        try
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);   // documents hold user data and keys
            RandomAccess.Write(file, frames, 0);
            RandomAccess.FlushToDisk(file);
            File.Move(TemporaryPath, _path, overwrite: true);
            DurableDirectory.Flush(Path.GetDirectoryName(_path)!);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        _file?.Dispose();
        _file = file;
        _length = frames.Length;
    }

    public void Dispose() => _file?.Dispose();

    private string TemporaryPath => _path + ".new";

    private bool TryReplay(IJournalReplay replay, Log log)
    {
        var bytes = File.ReadAllBytes(_path);
        if (!JournalFrame.TryRead(bytes, out var type, out var header) || type != FrameType.Header || header is not [FormatVersion, ..])
            return false;

        StoreId = new Guid(header[1..17]);
        var position = JournalFrame.HeadBytes + header.Length;
        var committed = position;
        while (JournalFrame.TryRead(bytes.AsSpan(position), out type, out var payload))
        {
            position += JournalFrame.HeadBytes + payload.Length;
            Replay(replay, type, payload);
            if (type == FrameType.Commit)
                committed = position;
        }

        replay.DropUncommitted();
        if (CountCommits(bytes.AsSpan(position)) > 1)
            return false;

        if (committed < bytes.Length)
            log.Warning($"{_path}: dropped {bytes.Length - committed} bytes that a crash cut off before they were acknowledged");
        _file = File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete);
        RandomAccess.SetLength(_file, committed);
        RandomAccess.FlushToDisk(_file);
        _length = committed;
        return true;
    }

    private static void Replay(IJournalReplay replay, FrameType type, ReadOnlySpan<byte> payload)
    {
        switch (type)
        {
            case FrameType.Full:
                replay.BeginFull();
                break;
            case FrameType.Document:
                replay.Put(JournalFrame.ReadDocument(payload));
                break;
            case FrameType.Removed:
                var (kind, id) = JournalFrame.ReadRemoved(payload);
                replay.Remove(kind, id);
                break;
            case FrameType.Commit:
                replay.Commit(BinaryPrimitives.ReadInt64LittleEndian(payload));
                break;
        }
    }

    // After the first bad byte a torn last batch has at most its own commit; more of them mean that acknowledged batches are damaged.
    private static int CountCommits(ReadOnlySpan<byte> bytes)
    {
        var commits = 0;
        for (; bytes.Length >= JournalFrame.HeadBytes; bytes = bytes[1..])
        {
            if (bytes[8] == (byte)FrameType.Commit && BinaryPrimitives.ReadInt32LittleEndian(bytes) == 8 && JournalFrame.TryRead(bytes, out _, out _))
                commits++;
        }

        return commits;
    }
}

/// <summary>Receives the frames of a journal while it is opened; only what was committed may stay.</summary>
internal interface IJournalReplay
{
    void BeginFull();
    void Put(StoredDocument document);
    void Remove(string kind, string id);
    void Commit(long sequence);
    /// <summary>Forgets what came after the last commit.</summary>
    void DropUncommitted();
    /// <summary>Forgets everything.</summary>
    void Clear();
}
