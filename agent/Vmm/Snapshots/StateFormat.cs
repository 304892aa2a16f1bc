using System.Runtime.InteropServices;

namespace Appliance.Vmm.Snapshots;

/// <summary>
/// The layout of saved state: a header, sections, and a checksum over all of it. Numbers are little-endian. Each section is some part's own, with
/// the part's own version: a reader takes those up to the version it writes itself, and refuses newer ones and parts that it does not know.
/// </summary>
internal static class StateFormat
{
    public const ulong Magic = 0x5453_4D56_4C50_5041;       // "APPLVMST"

    /// <summary>Of header and sections, not of what is in them.</summary>
    public const ushort Version = 1;

    /// <summary>State is some KiB per processor and device: what claims more is no state.</summary>
    public const int MaxBytes = 64 * 1024 * 1024;

    public const int TrailerBytes = sizeof(uint);

    [StructLayout(LayoutKind.Sequential)]
    public struct Header
    {
        public ulong Magic;
        public ushort Version;
        public ushort Reserved;
        public uint Sections;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct SectionHeader
    {
        public uint Tag;

        /// <summary>Which of the parts of this kind.</summary>
        public uint Instance;
        public ushort Version;
        public ushort Reserved;

        /// <summary>Bytes that follow.</summary>
        public uint Length;

        /// <summary><see cref="Checksum"/> of them.</summary>
        public uint Checksum;
        public uint Reserved2;
    }

    /// <summary>Four characters as a number.</summary>
    public static uint Tag(ReadOnlySpan<byte> text) => MemoryMarshal.Read<uint>(text);

    public static string NameOf(uint tag) => string.Create(4, tag, static (text, value) =>
    {
        for (int i = 0; i < text.Length; i++)
            text[i] = (char)((value >> (8 * i)) & 0x7F);
    });
}
