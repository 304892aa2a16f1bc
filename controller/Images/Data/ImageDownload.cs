using System.IO.Pipelines;
using Microsoft.Win32.SafeHandles;

namespace Appliance.Controller.Images.Data;

/// <summary>Sends a part of a file: read straight into the response's own buffers.</summary>
internal static class ImageDownload
{
    // One read and one flush a block: larger blocks gained nothing, smaller ones cost a system call each.
    private const int BlockBytes = 256 * 1024;

    public static async Task SendAsync(SafeFileHandle file, long offset, long length, PipeWriter output, CancellationToken ct)
    {
        while (length > 0)
        {
            var memory = output.GetMemory((int)Math.Min(BlockBytes, length));
            var want = (int)Math.Min(memory.Length, Math.Min(BlockBytes, length));
            var count = await RandomAccess.ReadAsync(file, memory[..want], offset, ct);
            if (count == 0)
                throw new EndOfStreamException($"the image's file ends {length} bytes early");
            output.Advance(count);
            (offset, length) = (offset + count, length - count);
            if ((await output.FlushAsync(ct)).IsCompleted)
                return;
        }
    }
}
