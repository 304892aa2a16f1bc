using Appliance.Linux.Libc;
using Appliance.Vmm.Machine;
using Appliance.Vmm.Memory;
using Appliance.Vmm.Snapshots;

namespace Appliance.Vmm.Migration;

/// <summary>Takes a machine in that another process sends. What arrives is checked: a frame outside of memory ends the migration, nothing else.</summary>
internal sealed class MigrationDestination : IDisposable
{
    private const uint PageBytes = 4096;

    private readonly MigrationStream _stream;

    /// <param name="stream">Connected to the source; taken over.</param>
    /// <param name="onTurn">See <see cref="MigrationStream"/>.</param>
    public MigrationDestination(Fd stream, Action onTurn) => _stream = new MigrationStream(stream, onTurn);

    /// <summary>What the source's machine is: state to make a like one by. Answered with <see cref="Accept"/> or <see cref="Refuse"/>.</summary>
    public StateReader ReadPreview()
    {
        var header = _stream.Receive<MigrationFormat.Header>();
        if (header.Magic != MigrationFormat.Magic)
            throw new MigrationException("what arrives is no migration");
        if (header.Version != MigrationFormat.Version)
            throw new MigrationException($"the source's version of the stream is {header.Version}, this program knows {MigrationFormat.Version}");
        return ReadState(_stream.Receive<MigrationFormat.Frame>(), FrameKind.Preview);
    }

    public void Accept() => _stream.SendFrame(FrameKind.Ready);

    public void Refuse(string reason) => _stream.Refuse(reason);

    /// <summary>Fills the machine's memory and restores its state; it is paused then.</summary>
    public void Load(VirtualMachine machine)
    {
        while (true)
        {
            var frame = _stream.Receive<MigrationFormat.Frame>();
            switch (frame.Kind)
            {
                case FrameKind.Pages:
                    _stream.Receive(Pages(machine.Memory, frame));
                    break;
                case FrameKind.Zeros:
                    Pages(machine.Memory, frame).Clear();
                    break;
                default:
                    using (var state = ReadState(frame, FrameKind.State))
                        machine.Restore(state, advancesClock: true);
                    return;
            }
        }
    }

    /// <summary>Says that all is in place, and waits until the machine is this side's.</summary>
    /// <returns>Whether it ran at the source.</returns>
    public bool AwaitRun()
    {
        _stream.SendFrame(FrameKind.Loaded);
        var frame = _stream.Receive<MigrationFormat.Frame>();
        if (frame.Kind != FrameKind.Run)
            throw new MigrationException($"the source sent {(uint)frame.Kind} instead of the word to run");
        return frame.Count != 0;
    }

    public void Dispose() => _stream.Dispose();

    private static Span<byte> Pages(GuestMemory memory, in MigrationFormat.Frame frame) =>
        frame.Count is > 0 and <= MigrationFormat.MaxPages && frame.Address % PageBytes == 0
        && memory.TrySlice(frame.Address, frame.Count * PageBytes, out var pages)
            ? pages
            : throw new MigrationException($"the source sent {frame.Count} pages at {frame.Address:x}, where no memory is");

    private StateReader ReadState(in MigrationFormat.Frame frame, FrameKind kind)
    {
        if (frame.Kind != kind || frame.Count > StateFormat.MaxBytes)
            throw new MigrationException($"the source sent {(uint)frame.Kind} where {kind} was due");
        byte[] state = new byte[frame.Count];
        _stream.Receive(state);
        return new StateReader(state);
    }
}
