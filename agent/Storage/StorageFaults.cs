using Appliance.Agent.Faults;
using Appliance.Linux.Libc;

namespace Appliance.Agent.Storage;

/// <summary>The texts of what goes wrong with disks and images.</summary>
internal static class StorageFaults
{
    private const double GiB = 1L << 30;

    public static Fault Unreachable(string imageId, Exception cause) =>
        new($"Image {imageId} cannot be fetched now; the node tries again when its link to the controller is back.", FaultKind.Waiting, cause.Message);

    public static Fault CutOff(string imageId, long received, long expected) =>
        new($"Image {imageId}: the transfer ended after {received} of {expected} bytes; the node goes on from there.", FaultKind.Waiting);

    public static Fault WrongHash(string imageId) =>
        new($"Image {imageId}: the bytes that arrived do not have the SHA-512 of the image; they are fetched again. If this repeats, upload the image again.",
            FaultKind.Passing);

    public static Fault NotTheFormat(string imageId, string format, string reason) =>
        new($"Image {imageId} cannot be used as {format}: {reason}. Upload it again with the right disk_format, converted to be self-contained.");

    public static Fault TooLargeForNode(string imageId, long bytes, long limit) =>
        new($"Image {imageId} unfolds to {bytes / GiB:0.#} GiB; this node takes at most {limit / GiB:0.#} GiB.");

    public static Fault TooLargeForFlavor(string imageId, long bytes, int diskGiB) =>
        new($"Image {imageId} needs a root disk of {bytes / GiB:0.##} GiB, but the flavor's has {diskGiB} GiB. Use a flavor with a larger disk.");

    public static Fault DiskFull(string what, long neededBytes, long freeBytes) =>
        new($"Not enough disk space on this node for {what}: {neededBytes / GiB:0.##} GiB are needed, {Math.Max(freeBytes, 0) / GiB:0.##} GiB are free beyond the reserve. "
            + "Remove servers or images from the node, or give it more disk.", FaultKind.Passing);

    public static Fault ToolFailed(string what, string detail) =>
        new($"The node could not {what}; its log has the tool's message.", FaultKind.Passing, detail);

    /// <summary>Whether an operation failed because the file system is full.</summary>
    public static bool IsDiskFull(Exception e) =>
        e is LinuxException { Errno: Errno.ENOSPC } or IOException { HResult: (int)Errno.ENOSPC };
}
