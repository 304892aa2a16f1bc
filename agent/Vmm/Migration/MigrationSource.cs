using System.Diagnostics;
using Appliance.Linux.Libc;
using Appliance.Vmm.Machine;
using Appliance.Vmm.Memory;
using Appliance.Vmm.Snapshots;

namespace Appliance.Vmm.Migration;

/// <summary>
/// Moves a machine to another process while it runs (pre-copy): all memory, then again and again what was written meanwhile, until the rest is small
/// enough to stop for. Whatever goes wrong before the destination has everything, the machine goes on here.
/// </summary>
internal sealed class MigrationSource : IDisposable
{
    private const int PageBytes = 4096;

    // The destination answers when it has made a machine, and when it has loaded the state: much less than a second, but for a machine under load.
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(30);

    // A pass over less says nothing about how fast the connection is.
    private const long LeastMeasuredBytes = 1 << 20;

    private readonly VirtualMachine _machine;
    private readonly MigrationOptions _options;
    private readonly MigrationProgress _progress;
    private readonly Func<bool> _isCancelled;
    private readonly MigrationStream _stream;
    private readonly CpuThrottle _throttle;
    private readonly long _begin = Stopwatch.GetTimestamp();
    private long _answerDue;

    /// <param name="stream">Connected to the destination; taken over.</param>
    public MigrationSource(VirtualMachine machine, Fd stream, MigrationOptions options, MigrationProgress progress, Func<bool> isCancelled)
    {
        (_machine, _options, _progress, _isCancelled) = (machine, options, progress, isCancelled);
        _throttle = new CpuThrottle(machine);
        _stream = new MigrationStream(stream, OnTurn);
    }

    /// <summary>Returns when the machine runs at the destination; it never will here again.</summary>
    /// <exception cref="MigrationException">It goes on here, as before.</exception>
    public void Run()
    {
        bool wasRunning = _machine.State == MachineState.Running;
        DirtyPages? dirty = null;
        try
        {
            _stream.Send(new MigrationFormat.Header { Magic = MigrationFormat.Magic, Version = MigrationFormat.Version });
            _machine.Pause();
            SendState(FrameKind.Preview);
            dirty = _machine.LogDirtyPages();
            if (wasRunning)
                _machine.Resume();
            Expect(FrameKind.Ready);
            dirty.AddAll();
            CopyWhileRunning(dirty);
            HandOver(dirty, wasRunning);
        }
        catch
        {
            _throttle.Release();
            _machine.Pause();
            dirty?.Dispose();
            if (wasRunning)
                _machine.Resume();
            throw;
        }

        dirty.Dispose();
    }

    public void Dispose() => _stream.Dispose();

    private void CopyWhileRunning(DirtyPages dirty)
    {
        for (long remaining = _machine.State == MachineState.Running ? long.MaxValue : 0; ;)
        {
            long sentBefore = _stream.SentBytes;
            long passBegin = Stopwatch.GetTimestamp();
            _progress.Passes++;
            SendPending(dirty);
            long sent = _stream.SentBytes - sentBefore;
            Measure(sent, Stopwatch.GetElapsedTime(passBegin));

            long before = remaining;
            remaining = dirty.Collect() * PageBytes;
            Report(remaining);
            if (_progress.ExpectedDowntimeMilliseconds <= BudgetMilliseconds)
                return;
            if (Stopwatch.GetElapsedTime(_begin) > _options.Patience)
            {
                if (_options.Forces)
                    return;
                throw new MigrationException(
                    $"the guest writes faster than can be sent: after {_options.Patience.TotalSeconds:0} s it would stand still for {_progress.ExpectedDowntimeMilliseconds} ms, {_options.Downtime.TotalMilliseconds:0} ms are allowed");
            }

            // As much is dirty again as half of what was sent: it would go on like this for ever.
            if (_options.Throttles && before != long.MaxValue && remaining > sent / 2)
                _throttle.Increase();
        }
    }

    // Part of the budget is for what is not memory: the state, and the destination's taking it in.
    private long BudgetMilliseconds => (long)_options.Downtime.TotalMilliseconds * 3 / 4;

    private void HandOver(DirtyPages dirty, bool runs)
    {
        _throttle.Release();
        _machine.Pause();
        long stopped = Stopwatch.GetTimestamp();
        _ = dirty.Collect();
        SendPending(dirty);
        SendState(FrameKind.State);
        Expect(FrameKind.Loaded);
        // From here on both could run: the word is sent once, and if it was sent this side never runs again.
        _stream.SendFrame(FrameKind.Run, runs ? 1u : 0);
        _progress.RemainingBytes = 0;
        _progress.DowntimeMilliseconds = Math.Max(1, (long)Stopwatch.GetElapsedTime(stopped).TotalMilliseconds);
    }

    private void SendPending(DirtyPages dirty)
    {
        long cursor = 0;
        while (dirty.TryTake(ref cursor, MigrationFormat.MaxPages, out ulong address, out int pages))
        {
            var bytes = _machine.Memory.Slice(address, (uint)(pages * PageBytes));
            while (!bytes.IsEmpty)
            {
                int run = RunOf(bytes, out bool isZero);
                _stream.SendFrame(isZero ? FrameKind.Zeros : FrameKind.Pages, (uint)(run / PageBytes), address);
                if (!isZero)
                    _stream.Send(bytes[..run]);
                bytes = bytes[run..];
                address += (ulong)run;
            }

            _progress.SentBytes = _stream.SentBytes;
        }
    }

    // Bytes at the start that are all pages of zeros, or all not.
    private static int RunOf(ReadOnlySpan<byte> bytes, out bool isZero)
    {
        isZero = MemoryImage.IsZero(bytes[..PageBytes]);
        int run = PageBytes;
        while (run < bytes.Length && MemoryImage.IsZero(bytes.Slice(run, PageBytes)) == isZero)
            run += PageBytes;
        return run;
    }

    private void SendState(FrameKind kind)
    {
        using var writer = new StateWriter();
        _machine.Save(writer);
        var state = writer.Finish();
        _stream.SendFrame(kind, (uint)state.Length);
        _stream.Send(state);
    }

    private void Expect(FrameKind kind)
    {
        _answerDue = Stopwatch.GetTimestamp();
        _stream.Expect(kind);
        _answerDue = 0;
    }

    private void Measure(long sentBytes, TimeSpan took)
    {
        if (sentBytes >= LeastMeasuredBytes || _progress.BytesPerSecond == 0)
            _progress.BytesPerSecond = (long)(sentBytes / Math.Max(took.TotalSeconds, 0.0001));
    }

    private void Report(long remaining)
    {
        _progress.RemainingBytes = remaining;
        _progress.ThrottlePercent = _throttle.Percent;
        _progress.ExpectedDowntimeMilliseconds = (long)(remaining * 1000.0 / Math.Max(1, _progress.BytesPerSecond));
    }

    private void OnTurn()
    {
        if (_isCancelled())
            throw new MigrationException("the migration was cancelled");
        if (_machine.State == MachineState.Ended)
            throw new MigrationException("the machine has ended");
        if (_answerDue != 0 && Stopwatch.GetElapsedTime(_answerDue) > AnswerPatience)
            throw new MigrationException($"the destination did not answer within {AnswerPatience.TotalSeconds:0} s");
        _throttle.Turn();
    }
}
