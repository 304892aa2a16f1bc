using System.Buffers;
using System.IO.Pipelines;

namespace Appliance.Agent.Compute.Serial;

/// <summary>One reader and writer of a guest's serial port. Reading ends with the guest, or when the reader has fallen too far behind.</summary>
internal sealed class SerialStream(SerialRelay relay) : Stream
{
    /// <summary>Bytes kept for a slow reader.</summary>
    private const int MaxBehindBytes = 256 * 1024;

    private readonly Pipe _pipe = new(new PipeOptions(pauseWriterThreshold: MaxBehindBytes, useSynchronizationContext: false));
    private readonly Lock _writing = new();
    private bool _hasEnded;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Takes what the guest wrote; ends the stream when there is no room.</summary>
    public void Offer(ReadOnlySpan<byte> bytes)
    {
        lock (_writing)
        {
            if (_hasEnded)
                return;
            _pipe.Writer.Write(bytes);
            // Not complete means that the reader has the limit to read: nobody waits for it.
            if (!_pipe.Writer.FlushAsync().AsTask().IsCompleted)
                EndLocked();
        }
    }

    public void End()
    {
        lock (_writing)
            EndLocked();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var result = await _pipe.Reader.ReadAsync(cancellationToken);
        var bytes = result.Buffer.Slice(0, Math.Min(buffer.Length, result.Buffer.Length));
        bytes.CopyTo(buffer.Span);
        _pipe.Reader.AdvanceTo(bytes.End);
        return (int)bytes.Length;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        await relay.SendAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("The serial port is read asynchronously.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("The serial port is written asynchronously.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        relay.Leave(this);
        End();
        base.Dispose(disposing);
    }

    private void EndLocked()
    {
        if (!_hasEnded)
            _pipe.Writer.Complete();
        _hasEnded = true;
    }
}
