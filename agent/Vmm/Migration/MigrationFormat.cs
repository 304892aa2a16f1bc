using System.Runtime.InteropServices;

namespace Appliance.Vmm.Migration;

/// <summary>
/// What travels between two machines' processes. From the source: a header, then frames: a preview of the state (which devices, how much memory),
/// pages, pages of zeros, the state, and the word to run. From the destination: frames that answer the preview, the state, or that it gives up.
/// </summary>
internal static class MigrationFormat
{
    public const ulong Magic = 0x4752_4D56_4C50_5041;       // "APPLVMRG"
    public const uint Version = 1;

    /// <summary>Of one frame. More saves no system calls worth having; this much is sent before cancellation and throttle get their turn.</summary>
    public const int MaxPages = 256;

    public const int MaxReasonBytes = 1024;

    [StructLayout(LayoutKind.Sequential)]
    public struct Header
    {
        public ulong Magic;
        public uint Version;
        public uint Reserved;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Frame
    {
        public FrameKind Kind;

        /// <summary>Pages of 4 KiB, or bytes that follow; of <see cref="FrameKind.Run"/> 0 when the machine was paused and stays so.</summary>
        public uint Count;

        /// <summary>Guest address of the first page.</summary>
        public ulong Address;
    }
}

internal enum FrameKind : uint
{
    /// <summary>State as it is before anything was copied: the destination looks whether it can take the machine.</summary>
    Preview = 1,

    Pages = 2,

    /// <summary>Pages of zeros; nothing follows.</summary>
    Zeros = 3,

    /// <summary>The state to go on from. Every page that differs was sent before.</summary>
    State = 4,

    /// <summary>The destination may run; the source never will again.</summary>
    Run = 5,

    /// <summary>Destination: the preview is fine.</summary>
    Ready = 16,

    /// <summary>Destination: state and memory are in place.</summary>
    Loaded = 17,

    /// <summary>Destination: it cannot take the machine; the reason follows.</summary>
    Refused = 18,
}
