namespace Appliance.Protocol.Link;

/// <summary>
/// The connection under the multiplexer, noting when bytes last came and went. Any byte proves that the peer lives, so an image transfer that
/// fills the line does not make it look dead, and heartbeats are sent only into silence.
/// </summary>
public sealed class LinkStream(Stream inner, TimeProvider clock) : Stream
{
    private long _lastRead = clock.GetTimestamp();
    private long _lastWrite = clock.GetTimestamp();

    /// <summary>Time since the last byte came.</summary>
    public TimeSpan ReadSilence => clock.GetElapsedTime(Volatile.Read(ref _lastRead));

    /// <summary>Time since the last byte went.</summary>
    public TimeSpan WriteSilence => clock.GetElapsedTime(Volatile.Read(ref _lastWrite));

    public override bool CanRead => true;
    public override bool CanWrite => true;
    public override bool CanSeek => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await inner.ReadAsync(buffer, cancellationToken);
        Volatile.Write(ref _lastRead, clock.GetTimestamp());
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await inner.WriteAsync(buffer, cancellationToken);
        Volatile.Write(ref _lastWrite, clock.GetTimestamp());
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync();
        await base.DisposeAsync();
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("the link is asynchronous");
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("the link is asynchronous");
    public override void Flush() => inner.Flush();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}
