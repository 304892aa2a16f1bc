using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Appliance.Controller.Images.Data;

/// <param name="Md5">Hex.</param>
/// <param name="Sha512">Hex.</param>
internal sealed record StoredData(long SizeBytes, string Md5, string Sha512);

/// <summary>The data is larger than the image may be.</summary>
internal sealed class ImageTooLargeException : Exception;

/// <summary>
/// Writes a request body to a file while hashing it. Two buffers alternate: while one is written and hashed (MD5 and SHA-512 side by side),
/// the other is filled from the network, so that an upload runs at the speed of the slower hash.
/// </summary>
internal static class ImageUpload
{
    // Large enough that handing a buffer to three workers costs nothing beside the work, small enough for many uploads at once.
    private const int BufferBytes = 1 << 20;

    /// <exception cref="ImageTooLargeException">There is more than <paramref name="maxBytes"/>.</exception>
    public static async Task<StoredData> StoreAsync(PipeReader body, SafeFileHandle file, long maxBytes, CancellationToken ct)
    {
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        using var sha512 = IncrementalHash.CreateHash(HashAlgorithmName.SHA512);
        var (filling, working) = (ArrayPool<byte>.Shared.Rent(BufferBytes), ArrayPool<byte>.Shared.Rent(BufferBytes));
        var work = Task.CompletedTask;
        var offset = 0L;
        try
        {
            while (true)
            {
                var count = await FillAsync(body, filling.AsMemory(0, BufferBytes), ct);
                await work;
                if (count == 0)
                    break;
                if (offset + count > maxBytes)
                    throw new ImageTooLargeException();

                (filling, working) = (working, filling);
                work = ProcessAsync(working.AsMemory(0, count), offset, file, md5, sha512);
                offset += count;
            }

            RandomAccess.FlushToDisk(file);
            return new StoredData(offset, Convert.ToHexStringLower(md5.GetHashAndReset()), Convert.ToHexStringLower(sha512.GetHashAndReset()));
        }
        finally
        {
            // The buffers go back only when nobody reads them any more.
            await work.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            ArrayPool<byte>.Shared.Return(filling);
            ArrayPool<byte>.Shared.Return(working);
        }
    }

    private static Task ProcessAsync(ReadOnlyMemory<byte> data, long offset, SafeFileHandle file, IncrementalHash md5, IncrementalHash sha512) =>
        Task.WhenAll(
            Task.Run(() => md5.AppendData(data.Span)),
            Task.Run(() =>
            {
                RandomAccess.Write(file, data.Span, offset);
                sha512.AppendData(data.Span);
            }));

    private static async Task<int> FillAsync(PipeReader body, Memory<byte> buffer, CancellationToken ct)
    {
        var count = 0;
        while (count < buffer.Length)
        {
            var read = await body.ReadAsync(ct);
            var part = read.Buffer.Length <= buffer.Length - count ? read.Buffer : read.Buffer.Slice(0, buffer.Length - count);
            part.CopyTo(buffer.Span[count..]);
            count += (int)part.Length;
            body.AdvanceTo(part.End);
            if (read.IsCompleted && part.Length == read.Buffer.Length)
                break;
        }

        return count;
    }
}
