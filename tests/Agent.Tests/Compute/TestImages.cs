using System.Collections.Concurrent;
using System.Security.Cryptography;
using Appliance.Agent.Storage;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Tests.Compute;

/// <summary>Images in memory, served like a controller would, and what was asked for.</summary>
internal sealed class TestImages : IImageSource
{
    private readonly ConcurrentDictionary<string, byte[]> _images = new();

    /// <summary>Offsets at which images were opened, in order.</summary>
    public ConcurrentQueue<long> Opened { get; } = new();

    /// <summary>Bytes after which the next transfer breaks off.</summary>
    public int? BreakAfter { get; set; }

    public bool IsReachable { get; set; } = true;

    public ImageDocument Add(byte[] bytes, string format = "raw", IReadOnlyDictionary<string, string>? properties = null)
    {
        var id = Guid.NewGuid().ToString();
        _images[id] = bytes;
        return new ImageDocument(
            id, Convert.ToHexStringLower(SHA512.HashData(bytes)), bytes.Length, format, null, null, properties ?? new Dictionary<string, string>());
    }

    public void Replace(string id, byte[] bytes) => _images[id] = bytes;

    public Task<Stream> OpenAsync(string imageId, long offset, CancellationToken ct)
    {
        if (!IsReachable)
            throw new IOException("no link");

        Opened.Enqueue(offset);
        var bytes = _images[imageId].AsMemory((int)offset);
        if (BreakAfter is { } length)
        {
            BreakAfter = null;
            bytes = bytes[..Math.Min(length, bytes.Length)];
        }

        return Task.FromResult<Stream>(new MemoryStream(bytes.ToArray()));
    }
}
