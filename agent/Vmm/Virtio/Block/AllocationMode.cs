using Appliance.Linux.Uring;

namespace Appliance.Vmm.Virtio.Block;

/// <summary>How fallocate(2) discards and zeroes; on block devices too, since Linux 4.9.</summary>
internal static class AllocationMode
{
    public static uint Of(in BlockRequest request) => request.Operation == BlockOperation.Discard || request.MayUnmap
        ? UringConstants.FALLOC_FL_PUNCH_HOLE | UringConstants.FALLOC_FL_KEEP_SIZE
        : UringConstants.FALLOC_FL_ZERO_RANGE | UringConstants.FALLOC_FL_KEEP_SIZE;
}
