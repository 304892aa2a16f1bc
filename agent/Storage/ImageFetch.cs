using System.Buffers;
using System.Security.Cryptography;
using Appliance.Agent.Faults;
using Appliance.Protocol.Documents;
using Microsoft.Win32.SafeHandles;

namespace Appliance.Agent.Storage;

/// <summary>Brings an image's bytes to this node, into one file that a later call goes on with when this one is cut off.</summary>
internal sealed class ImageFetch(IImageSource source, StorageLayout layout)
{
    private const int ChunkBytes = 128 * 1024;

    /// <summary>The complete file, whose size and SHA-512 are the image's.</summary>
    /// <param name="progress">Told the per cent that are here, every tenth.</param>
    public async Task<Outcome<string>> FetchAsync(ImageDocument image, Action<int> progress, CancellationToken ct)
    {
        var path = layout.FetchPath(StorageLayout.NameOf(image));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA512);
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            using var file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            if (RandomAccess.GetLength(file) > image.SizeBytes)
                RandomAccess.SetLength(file, 0);

            // A process that is killed loses nothing the kernel has; after a power cut the tail may be wrong, which the hash tells.
            var position = Rehash(file, hash, buffer, ct);
            if (position < image.SizeBytes && await ReceiveAsync(image, file, position, hash, buffer, progress, ct) is { } fault)
                return fault;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (Convert.ToHexStringLower(hash.GetHashAndReset()) == image.Sha512)
            return path;

        File.Delete(path);
        return StorageFaults.WrongHash(image.Id);
    }

    private static long Rehash(SafeFileHandle file, IncrementalHash hash, byte[] buffer, CancellationToken ct)
    {
        long position = 0;
        while (RandomAccess.Read(file, buffer, position) is var read and > 0)
        {
            ct.ThrowIfCancellationRequested();
            hash.AppendData(buffer, 0, read);
            position += read;
        }

        return position;
    }

    private async Task<Fault?> ReceiveAsync(
        ImageDocument image, SafeFileHandle file, long position, IncrementalHash hash, byte[] buffer,
        Action<int> progress, CancellationToken ct)
    {
        try
        {
            await using var bytes = await source.OpenAsync(image.Id, position, ct);
            var told = -1;
            while (position < image.SizeBytes)
            {
                var wanted = (int)Math.Min(buffer.Length, image.SizeBytes - position);
                var read = await bytes.ReadAsync(buffer.AsMemory(0, wanted), ct);
                if (read == 0)
                    return StorageFaults.CutOff(image.Id, position, image.SizeBytes);

                hash.AppendData(buffer, 0, read);
                Write(file, buffer.AsSpan(0, read), position);
                position += read;
                var percent = (int)(position * 100 / image.SizeBytes);
                if (percent / 10 != told)
                    progress(percent);
                told = percent / 10;
            }

            return null;
        }
        catch (IOException e) when (!StorageFaults.IsDiskFull(e))
        {
            return StorageFaults.Unreachable(image.Id, e);
        }
    }

    // Zeros become holes: raw images are mostly that.
    private static void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long position)
    {
        if (bytes.ContainsAnyExcept((byte)0))
            RandomAccess.Write(file, bytes, position);
        else
            RandomAccess.SetLength(file, position + bytes.Length);
    }
}
