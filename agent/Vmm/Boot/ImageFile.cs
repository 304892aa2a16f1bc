using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Appliance.Linux.Libc;

namespace Appliance.Vmm.Boot;

/// <summary>A file with a kernel or initrd in it, of unknown content: reads say when they would leave the file.</summary>
internal sealed class ImageFile(Fd file)
{
    /// <summary>Bytes; what the file has later does not change it.</summary>
    public ulong Length { get; } = (ulong)FileData.GetLength(file);

    public bool TryRead(ulong position, Span<byte> buffer) =>
        position <= Length && (ulong)buffer.Length <= Length - position && FileData.TryReadAt(file, (long)position, buffer);

    public bool TryRead<T>(ulong position, out T value) where T : unmanaged
    {
        Unsafe.SkipInit(out value);
        return TryRead(position, MemoryMarshal.AsBytes(new Span<T>(ref value)));
    }
}
