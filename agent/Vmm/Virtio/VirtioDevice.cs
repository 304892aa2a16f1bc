using Appliance.Linux.Libc;
using Appliance.Vmm.Events;
using Appliance.Vmm.Memory;
using Appliance.Vmm.Snapshots;

namespace Appliance.Vmm.Virtio;

/// <summary>
/// What all virtio devices are, whatever they do and whichever transport shows them to the driver. Life: made → <see cref="Attach"/> → any number
/// of (driver negotiates → active → reset) → disposed. <see cref="Pause"/> and <see cref="Resume"/> may come in between, processors stopped.
/// The lock <see cref="Gate"/> guards queues and device state: register accesses hold it on processor threads, queue work on the loop's.
/// </summary>
internal abstract class VirtioDevice : IDisposable
{
    // Chains before other work of the same loop gets a turn. Higher starves it; lower costs one eventfd wake-up per turn.
    protected const int MaxBatch = 64;

    private const ushort CommonVersion = 1;
    private static readonly uint CommonTag = StateFormat.Tag("VDEV"u8);
    private static readonly uint OwnTag = StateFormat.Tag("VOWN"u8);

    private IVirtioTransport? _transport;
    private ulong _frozenFeatures = ulong.MaxValue;
    private ulong[] _notifyTokens = [];
    private bool _isPaused;

    /// <summary>Held for every access to the device's state.</summary>
    public Lock Gate { get; } = new();

    /// <summary>Virtio 1.2 §5.</summary>
    public abstract ushort Type { get; }

    /// <summary>What it is, in the control protocol and to a person.</summary>
    public abstract string Kind { get; }

    /// <summary>What the control protocol knows it by; unique in its machine, set when it is added.</summary>
    public string Name { get; set; } = "";

    /// <summary>Reads the device's counts since it was made: name in the control protocol and value. Any thread; each is read by itself.</summary>
    public abstract void ReadMetrics(Action<string, long> read);

    /// <summary>What the device itself offers; ring features and VERSION_1 come with the queues.</summary>
    protected abstract ulong OwnFeatures { get; }

    /// <summary>Most entries of each queue.</summary>
    protected abstract ReadOnlySpan<ushort> QueueSizes { get; }

    /// <summary>After a restore no more than where the guest comes from: a driver that starts again finds what it knew.</summary>
    public ulong OfferedFeatures => _frozenFeatures & (OwnFeatures
        | VirtioConstants.Bit(VirtioConstants.VIRTIO_F_INDIRECT_DESC)
        | VirtioConstants.Bit(VirtioConstants.VIRTIO_F_EVENT_IDX)
        | VirtioConstants.Bit(VirtioConstants.VIRTIO_F_VERSION_1));

    /// <summary>How many queues the device has; fixed from the start.</summary>
    public int QueueCount => QueueSizes.Length;

    /// <summary>In the order of the standard; empty before <see cref="Attach"/>.</summary>
    public VirtQueue[] Queues { get; private set; } = [];

    /// <summary>The driver said DRIVER_OK and nothing has gone wrong since.</summary>
    public bool IsActive { get; private set; }

    /// <summary>The driver broke a queue: DEVICE_NEEDS_RESET.</summary>
    public bool NeedsReset { get; private set; }

    /// <summary>Negotiated while active.</summary>
    protected ulong Features { get; private set; }

    protected bool IsRunning => IsActive && !_isPaused;

    /// <summary>The loop that does the queues' work.</summary>
    protected EventLoop Loop { get; private set; } = null!;

    /// <summary>Once, before the guest runs.</summary>
    public void Attach(GuestMemory memory, EventLoop loop, IVirtioTransport transport)
    {
        Loop = loop;
        _transport = transport;
        var sizes = QueueSizes;
        Queues = new VirtQueue[sizes.Length];
        _notifyTokens = new ulong[sizes.Length];
        for (int i = 0; i < sizes.Length; i++)
        {
            int index = i;
            Queues[i] = new VirtQueue(memory, sizes[i]);
            _notifyTokens[i] = loop.Add(Queues[i].Notify.Descriptor, Epoll.EPOLLIN, _ => OnNotified(index));
        }

        OnAttached();
    }

    /// <summary>The device's configuration space (§2.5); what lies beyond it reads as zeros. Gate held.</summary>
    public abstract void ReadConfiguration(ulong offset, Span<byte> data);

    /// <summary>Devices without writable fields ignore it. Gate held.</summary>
    public virtual void WriteConfiguration(ulong offset, ReadOnlySpan<byte> data)
    {
    }

    /// <summary>The driver is ready. A queue that it set up wrongly makes the device need a reset. Gate held.</summary>
    public void Activate(ulong features)
    {
        Features = features;
        foreach (var queue in Queues)
        {
            if (queue.IsEnabled && !queue.TryActivate(features))
            {
                Break();
                return;
            }
        }

        IsActive = true;
        OnActivated();
        foreach (var queue in Queues)
            queue.Notify.Signal();
    }

    /// <summary>The driver wrote status 0. Returns when the device touches no guest memory any more. Gate held.</summary>
    public void Reset()
    {
        OnReset();
        IsActive = NeedsReset = false;
        Features = 0;
        foreach (var queue in Queues)
            queue.Reset();
    }

    /// <summary>Returns when no request is in flight and no queue is worked on.</summary>
    public void Pause()
    {
        lock (Gate)
        {
            _isPaused = true;
            OnPaused();
        }
    }

    /// <summary>Goes on with what came meanwhile.</summary>
    public void Resume()
    {
        lock (Gate)
        {
            _isPaused = false;
            foreach (var queue in Queues)
                queue.Notify.Signal();
        }
    }

    /// <summary>Writes the device's sections; paused.</summary>
    /// <param name="instance">The device's number in its machine.</param>
    public void Save(StateWriter writer, uint instance)
    {
        lock (Gate)
        {
            writer.Begin(CommonTag, instance, CommonVersion);
            writer.Put(Type);
            writer.PutText(Name);
            writer.Put(OfferedFeatures);
            writer.Put(Features);
            writer.Put(IsActive);
            writer.Put(NeedsReset);
            writer.Put((ushort)Queues.Length);
            foreach (var queue in Queues)
                queue.Save(writer);
            writer.Begin(OwnTag, instance, StateVersion);
            SaveOwn(writer);
            _transport!.Save(writer, instance);
        }
    }

    /// <summary>What kind of device a machine's state has under a number, and its name there.</summary>
    public static (ushort Type, string Name) Peek(StateReader reader, uint instance)
    {
        var state = reader.Get(CommonTag, instance, CommonVersion);
        return (state.Take<ushort>(), state.TakeText());
    }

    /// <summary>How many devices a machine's state has.</summary>
    public static int CountIn(StateReader reader) => reader.Count(CommonTag);

    /// <summary>Becomes what another device was when it was saved. Attached, not used yet; its memory is restored already.</summary>
    /// <exception cref="SnapshotException">It cannot be that.</exception>
    public void Restore(StateReader reader, uint instance)
    {
        lock (Gate)
        {
            _isPaused = true;
            var state = reader.Get(CommonTag, instance, CommonVersion);
            if (state.Take<ushort>() != Type)
                throw new SnapshotException($"device {instance} is no {Kind} in the state");
            Name = state.TakeText();
            _frozenFeatures = state.Take<ulong>();
            Features = state.Take<ulong>();
            if ((Features & ~OfferedFeatures) != 0)
                throw new SnapshotException($"the guest uses features of {Name} that it does not have here: {Features & ~OfferedFeatures:x}");
            bool isActive = state.Take<byte>() != 0;
            NeedsReset = state.Take<byte>() != 0;
            _transport!.Restore(reader, instance);
            if (state.Take<ushort>() != Queues.Length)
                throw new SnapshotException($"{Name} has another number of queues in the state");
            foreach (var queue in Queues)
                queue.Restore(ref state, Features);
            var own = reader.Get(OwnTag, instance, StateVersion);
            IsActive = isActive;
            if (isActive)
                OnActivated();
            RestoreOwn(ref own);
            // One that was on its way when the state was saved may be lost; one too many finds nothing.
            for (int i = 0; isActive && i < Queues.Length; i++)
                _transport.UsedBuffers(i);
        }
    }

    public virtual void Dispose()
    {
        foreach (ulong token in _notifyTokens)
            Loop.Remove(token);
        foreach (var queue in Queues)
            queue.Dispose();
    }

    protected virtual void OnAttached()
    {
    }

    /// <summary>The driver is ready, or was when the device was saved: then <see cref="RestoreOwn"/> follows, and the device is paused.</summary>
    protected virtual void OnActivated()
    {
    }

    /// <summary>Of what <see cref="SaveOwn"/> writes.</summary>
    protected virtual ushort StateVersion => 1;

    /// <summary>Writes what the device has beyond features and queues. Paused, Gate held.</summary>
    protected virtual void SaveOwn(StateWriter writer)
    {
    }

    /// <summary>Takes what <see cref="SaveOwn"/> wrote, or an older version did. Gate held.</summary>
    protected virtual void RestoreOwn(ref StateSection state)
    {
    }

    /// <summary>Waits for, or gives up, everything in flight.</summary>
    protected virtual void OnReset()
    {
    }

    protected virtual void OnPaused()
    {
    }

    /// <summary>The driver notified a queue, or work is left from the last time. Running, Gate held.</summary>
    protected abstract void OnQueue(int index);

    /// <summary>Raises an interrupt for a queue when its driver wants one. Gate held.</summary>
    protected void Interrupt(int index)
    {
        if (Queues[index].IsActive && Queues[index].NeedsInterrupt())
            _transport?.UsedBuffers(index);
    }

    protected void AnnounceConfiguration() => _transport?.ConfigurationChanged();

    /// <summary>The driver misbehaved: stop working and say so (§2.1.2). Gate held.</summary>
    protected void Break()
    {
        IsActive = false;
        NeedsReset = true;
        _transport?.ConfigurationChanged();
    }

    /// <summary>Serves the chains of a queue one after the other with <see cref="Serve"/>, as <see cref="MayServe"/> allows, then interrupts. Gate held.</summary>
    protected void Drain(int index, DescriptorChain chain)
    {
        var queue = Queues[index];
        queue.SuppressNotify();
        for (int served = 0; ;)
        {
            var pop = queue.TryPop(chain);
            if (pop == QueuePop.Broken)
            {
                Break();
                return;
            }

            if (pop == QueuePop.Empty)
            {
                if (queue.TryRest())
                    break;
                continue;
            }

            if (!MayServe(index, chain))
            {
                queue.Unpop(1);
                break;
            }

            queue.Push(chain, Serve(index, chain));
            if (++served >= MaxBatch)
            {
                queue.Notify.Signal();
                break;
            }
        }

        Interrupt(index);
    }

    /// <summary>
    /// Whether the next chain may be served now. When not it stays in the queue, of which the driver gives no notice: the device signals
    /// <see cref="VirtQueue.Notify"/> itself when it goes on. For devices that use <see cref="Drain"/>.
    /// </summary>
    /// <param name="chain">Only to look at: its buffers are still all there for <see cref="Serve"/>.</param>
    protected virtual bool MayServe(int index, DescriptorChain chain) => true;

    /// <summary>Does what one chain asks for; bytes written into it. For devices that use <see cref="Drain"/>.</summary>
    protected virtual uint Serve(int index, DescriptorChain chain) => 0;

    private void OnNotified(int index)
    {
        lock (Gate)
        {
            Queues[index].Notify.Clear();
            if (IsRunning && Queues[index].IsActive)
                OnQueue(index);
        }
    }
}
