using System.Runtime.InteropServices;
using System.Text;

namespace Appliance.Vmm.Snapshots;

/// <summary>Collects the sections of a machine's state in memory of its own, outside of the managed heap.</summary>
internal sealed unsafe class StateWriter : IDisposable
{
    // Two processors and a handful of devices fit; more doubles it.
    private const int InitialBytes = 32 * 1024;

    private byte* _bytes;
    private int _capacity = InitialBytes;
    private int _length;
    private int _section;
    private uint _sections;

    public StateWriter()
    {
        _bytes = (byte*)NativeMemory.Alloc(InitialBytes);
        Put(new StateFormat.Header { Magic = StateFormat.Magic, Version = StateFormat.Version });
    }

    /// <summary>Starts a section; the one before ends.</summary>
    public void Begin(uint tag, uint instance, ushort version)
    {
        EndSection();
        _section = _length;
        _sections++;
        Put(new StateFormat.SectionHeader { Tag = tag, Instance = instance, Version = version });
    }

    public void Put<T>(T value) where T : unmanaged => new ReadOnlySpan<byte>(&value, sizeof(T)).CopyTo(Reserve(sizeof(T)));

    /// <summary>Bytes whose number the reader knows by other means.</summary>
    public void PutBytes(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Reserve(bytes.Length));

    /// <summary>Bytes with their number before them.</summary>
    public void PutBlock(ReadOnlySpan<byte> bytes)
    {
        Put((uint)bytes.Length);
        PutBytes(bytes);
    }

    public void PutText(string text) => PutBlock(Encoding.UTF8.GetBytes(text));

    /// <summary>Ends the last section; all of the state. Valid until this object is disposed.</summary>
    public ReadOnlySpan<byte> Finish()
    {
        EndSection();
        ((StateFormat.Header*)_bytes)->Sections = _sections;
        Put(Checksum.Of(new ReadOnlySpan<byte>(_bytes, _length)));
        return new ReadOnlySpan<byte>(_bytes, _length);
    }

    public void Dispose()
    {
        NativeMemory.Free(_bytes);
        _bytes = null;
    }

    private void EndSection()
    {
        if (_section == 0)
            return;
        // SAFETY: Begin put a whole header there.
        var header = (StateFormat.SectionHeader*)(_bytes + _section);
        int start = _section + sizeof(StateFormat.SectionHeader);
        header->Length = (uint)(_length - start);
        header->Checksum = Checksum.Of(new ReadOnlySpan<byte>(_bytes + start, _length - start));
        _section = 0;
    }

    private Span<byte> Reserve(int bytes)
    {
        while (_length + bytes > _capacity)
        {
            _capacity = checked(_capacity * 2);
            _bytes = (byte*)NativeMemory.Realloc(_bytes, (nuint)_capacity);
        }

        var room = new Span<byte>(_bytes + _length, bytes);
        _length += bytes;
        return room;
    }
}
