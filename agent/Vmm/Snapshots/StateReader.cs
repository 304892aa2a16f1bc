using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Appliance.Linux.Libc;

namespace Appliance.Vmm.Snapshots;

/// <summary>Saved state, checked as a whole before any of it is used.</summary>
internal sealed unsafe class StateReader : IDisposable
{
    private readonly List<Entry> _sections = [];
    private readonly int _length;
    private byte* _bytes;

    private sealed class Entry
    {
        public StateFormat.SectionHeader Header;
        public int Start;
        public bool IsTaken;
    }

    /// <exception cref="SnapshotException">It is damaged, or of a newer format.</exception>
    public StateReader(ReadOnlySpan<byte> state)
    {
        _length = state.Length;
        _bytes = (byte*)NativeMemory.Alloc((nuint)Math.Max(1, _length));
        state.CopyTo(new Span<byte>(_bytes, _length));
        try
        {
            Index();
        }
        catch (SnapshotException)
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Reads all of a file.</summary>
    public static StateReader Read(Fd file)
    {
        long length = FileData.GetLength(file);
        if (length > StateFormat.MaxBytes)
            throw new SnapshotException($"{length} bytes are no machine's state");
        byte[] state = new byte[length];
        return FileData.TryReadAt(file, 0, state) ? new StateReader(state) : throw new SnapshotException("the state's file ends too early");
    }

    /// <summary>How many parts of a kind there are; their instances are numbered from 0.</summary>
    public int Count(uint tag) => _sections.Count(section => section.Header.Tag == tag);

    /// <param name="version">The newest that the caller understands.</param>
    /// <exception cref="SnapshotException">There is none, or it is newer.</exception>
    public StateSection Get(uint tag, uint instance, ushort version)
    {
        var entry = _sections.Find(section => section.Header.Tag == tag && section.Header.Instance == instance)
            ?? throw new SnapshotException($"the state lacks {StateFormat.NameOf(tag)} {instance}");
        if (entry.Header.Version == 0 || entry.Header.Version > version)
            throw new SnapshotException($"{StateFormat.NameOf(tag)} is of version {entry.Header.Version}, this program knows up to {version}");
        entry.IsTaken = true;
        return new StateSection(new ReadOnlySpan<byte>(_bytes + entry.Start, (int)entry.Header.Length), tag, entry.Header.Version);
    }

    /// <summary>That nothing was left over: state that nobody took is of a part that this program does not have.</summary>
    public void CheckAllTaken()
    {
        if (_sections.Find(static section => !section.IsTaken) is { } left)
            throw new SnapshotException($"the state has {StateFormat.NameOf(left.Header.Tag)} {left.Header.Instance}, which this machine has not");
    }

    public void Dispose()
    {
        NativeMemory.Free(_bytes);
        _bytes = null;
    }

    private void Index()
    {
        if (_length < sizeof(StateFormat.Header) + StateFormat.TrailerBytes)
            throw new SnapshotException("too short for a machine's state");
        var header = Unsafe.ReadUnaligned<StateFormat.Header>(_bytes);
        if (header.Magic != StateFormat.Magic)
            throw new SnapshotException("no machine's state");
        if (header.Version != StateFormat.Version)
            throw new SnapshotException($"the state is of format {header.Version}, this program knows {StateFormat.Version}");
        int end = _length - StateFormat.TrailerBytes;
        if (Checksum.Of(new ReadOnlySpan<byte>(_bytes, end)) != Unsafe.ReadUnaligned<uint>(_bytes + end))
            throw new SnapshotException("the state is damaged: its checksum is wrong");
        int at = sizeof(StateFormat.Header);
        for (uint i = 0; i < header.Sections; i++)
            at = IndexSection(at, end);
        if (at != end)
            throw new SnapshotException("the state is damaged: its sections do not add up");
    }

    private int IndexSection(int at, int end)
    {
        if (end - at < sizeof(StateFormat.SectionHeader))
            throw new SnapshotException("the state is damaged: a section is cut off");
        var section = Unsafe.ReadUnaligned<StateFormat.SectionHeader>(_bytes + at);
        int start = at + sizeof(StateFormat.SectionHeader);
        if (section.Length > (uint)(end - start))
            throw new SnapshotException("the state is damaged: a section is cut off");
        if (Checksum.Of(new ReadOnlySpan<byte>(_bytes + start, (int)section.Length)) != section.Checksum)
            throw new SnapshotException($"the state is damaged: the checksum of {StateFormat.NameOf(section.Tag)} {section.Instance} is wrong");
        _sections.Add(new Entry { Header = section, Start = start });
        return start + (int)section.Length;
    }
}
