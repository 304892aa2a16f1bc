using System.Buffers.Binary;
using Appliance.Linux.Libc;

namespace Appliance.Vmm.Serial;

/// <summary>
/// The last half MiB that a guest said, in a file of that size: whatever the guest does, the file does not grow, and whoever dies, it stays.
/// The file: 8 bytes of mark, how many bytes were ever said (64 bits, little-endian), then a ring.
/// </summary>
internal sealed class LogRing
{
    public const int CapacityBytes = 512 * 1024;

    private const int HeaderBytes = 16;

    private readonly Fd _file;
    private ulong _total;

    /// <param name="file">Readable and writable; a file that is no log yet becomes one. Stays the caller's.</param>
    public LogRing(Fd file)
    {
        _file = file;
        _total = ReadTotal(file) ?? 0;
        WriteTotal();
    }

    private static ReadOnlySpan<byte> Mark => "APLOGRNG"u8;

    /// <summary>Allocates nothing. A full disk loses what is said, nothing else.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > CapacityBytes)
            bytes = bytes[^CapacityBytes..];
        int at = (int)(_total % CapacityBytes);
        var first = bytes[..Math.Min(bytes.Length, CapacityBytes - at)];
        try
        {
            FileData.WriteAt(_file, HeaderBytes + at, first);
            FileData.WriteAt(_file, HeaderBytes, bytes[first.Length..]);
            _total += (ulong)bytes.Length;
            WriteTotal();
        }
        catch (LinuxException)
        {
            // Said in vain.
        }
    }

    /// <summary>The last bytes; fewer when not as many were said. May be called while a machine writes.</summary>
    public static byte[] ReadEnd(Fd file, int maxBytes)
    {
        if (ReadTotal(file) is not { } total)
            return [];
        int length = (int)Math.Min((ulong)Math.Max(0, maxBytes), Math.Min(total, CapacityBytes));
        byte[] end = new byte[length];
        int at = (int)((total - (ulong)length) % CapacityBytes);
        int first = Math.Min(length, CapacityBytes - at);
        return FileData.TryReadAt(file, HeaderBytes + at, end.AsSpan(0, first)) && FileData.TryReadAt(file, HeaderBytes, end.AsSpan(first)) ? end : [];
    }

    private static ulong? ReadTotal(Fd file)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        return FileData.TryReadAt(file, 0, header) && header[..Mark.Length].SequenceEqual(Mark)
            ? BinaryPrimitives.ReadUInt64LittleEndian(header[Mark.Length..])
            : null;
    }

    private void WriteTotal()
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        Mark.CopyTo(header);
        BinaryPrimitives.WriteUInt64LittleEndian(header[Mark.Length..], _total);
        FileData.WriteAt(_file, 0, header);
    }
}
