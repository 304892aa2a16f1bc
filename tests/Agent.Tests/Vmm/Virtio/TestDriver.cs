using System.Buffers.Binary;
using Appliance.Linux.Libc;
using Appliance.Vmm.Events;
using Appliance.Vmm.Memory;
using Appliance.Vmm.Virtio;
using Appliance.Vmm.Virtio.Mmio;

namespace Appliance.Agent.Tests.Vmm.Virtio;

/// <summary>
/// A driver for one device over the registers of virtio-mmio, in the test's own thread: memory, rings and interrupts as a guest has them, without
/// a guest. The device's work is done when <see cref="Work"/> is called.
/// </summary>
internal sealed class TestDriver : IDisposable
{
    public const ulong MemoryBytes = 1 << 20;

    // Where each queue has its three parts, one page each.
    private const ulong QueuesAt = 0x10000;
    private const ulong QueueSpacing = 0x4000;
    private const ulong BuffersAt = 0x80000;

    private readonly Fd _file = MemoryFiles.Create("driver", (long)MemoryBytes);
    private readonly Dictionary<int, QueueState> _queues = [];
    private ulong _nextBuffer = BuffersAt;

    private sealed class QueueState
    {
        public ushort Size;
        public ushort NextAvailable;
        public ushort NextUsed;
        public ushort NextDescriptor;
    }

    public TestDriver(Func<GuestMemory, VirtioDevice> make)
        : this((memory, _) => make(memory))
    {
    }

    /// <param name="make">Gets the loop too, for devices with descriptors of their own.</param>
    public TestDriver(Func<GuestMemory, EventLoop, VirtioDevice> make)
    {
        Memory = new GuestMemory(MemoryBytes, _file);
        Device = make(Memory, Loop);
        Registers = new VirtioMmio(Device, Interrupt);
        Device.Attach(Memory, Loop, Registers);
    }

    public GuestMemory Memory { get; }

    public VirtioDevice Device { get; }

    public VirtioMmio Registers { get; }

    public EventFd Interrupt { get; } = new();

    public EventLoop Loop { get; } = new("test device");

    public uint Status => Read(0x70);

    public uint Read(ulong offset)
    {
        Span<byte> data = stackalloc byte[4];
        Registers.Read(offset, data);
        return BinaryPrimitives.ReadUInt32LittleEndian(data);
    }

    public void Write(ulong offset, uint value)
    {
        Span<byte> data = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(data, value);
        Registers.Write(offset, data);
    }

    /// <summary>Everything up to DRIVER_OK, accepting the offered features or those of them in a mask.</summary>
    public void Start(ulong mask = ulong.MaxValue, ushort queueSize = 8)
    {
        Write(0x70, 0);
        Write(0x70, VirtioConstants.ACKNOWLEDGE | VirtioConstants.DRIVER);
        AcceptFeatures(mask | VirtioConstants.Bit(VirtioConstants.VIRTIO_F_VERSION_1));
        Write(0x70, 0xB);
        Assert.Equal(0xBu, Status);
        for (int i = 0; i < Device.Queues.Length; i++)
            SetUpQueue(i, Math.Min(queueSize, Device.Queues[i].MaxSize));
        Write(0x70, 0xF);
        Work();
    }

    public void AcceptFeatures(ulong mask)
    {
        for (uint half = 0; half < 2; half++)
        {
            Write(0x14, half);
            uint offered = Read(0x10);
            Write(0x24, half);
            Write(0x20, offered & (uint)(mask >> (int)(32 * half)));
        }
    }

    public void SetUpQueue(int index, ushort size)
    {
        ulong at = QueueArea(index);
        Memory.Slice(at, (uint)QueueSpacing).Clear();
        _queues[index] = new QueueState { Size = size };
        Write(0x30, (uint)index);
        Write(0x38, size);
        Write(0x80, (uint)at);
        Write(0x84, 0);
        Write(0x90, (uint)at + 0x1000);
        Write(0x94, 0);
        Write(0xA0, (uint)at + 0x2000);
        Write(0xA4, 0);
        Write(0x44, 1);
    }

    public static ulong QueueArea(int index) => QueuesAt + (ulong)index * QueueSpacing;

    /// <summary>A buffer of the guest's, with content or empty.</summary>
    public ulong Buffer(ReadOnlySpan<byte> content)
    {
        ulong address = _nextBuffer;
        _nextBuffer += ((ulong)content.Length + 63) & ~63UL;
        content.CopyTo(Memory.Slice(address, (uint)content.Length));
        return address;
    }

    /// <summary>Makes a chain available: buffers to read, then buffers to write.</summary>
    /// <returns>Its head.</returns>
    public ushort Offer(int queue, params (ulong Address, uint Length, bool IsWritable)[] buffers)
    {
        var state = _queues[queue];
        ushort head = state.NextDescriptor;
        for (int i = 0; i < buffers.Length; i++)
        {
            bool isLast = i == buffers.Length - 1;
            ushort index = (ushort)((head + i) % state.Size);
            WriteDescriptor(
                QueueArea(queue) + index * 16ul, buffers[i].Address, buffers[i].Length,
                (ushort)((isLast ? 0 : VirtioConstants.VIRTQ_DESC_F_NEXT) | (buffers[i].IsWritable ? VirtioConstants.VIRTQ_DESC_F_WRITE : 0)),
                (ushort)((index + 1) % state.Size));
        }

        state.NextDescriptor = (ushort)((head + buffers.Length) % state.Size);
        MakeAvailable(queue, head);
        return head;
    }

    public void WriteDescriptor(ulong at, ulong address, uint length, ushort flags, ushort next)
    {
        Memory.TryWrite(at, address);
        Memory.TryWrite(at + 8, length);
        Memory.TryWrite(at + 12, flags);
        Memory.TryWrite(at + 14, next);
    }

    public void MakeAvailable(int queue, ushort head)
    {
        var state = _queues[queue];
        ulong ring = QueueArea(queue) + 0x1000;
        Memory.TryWrite(ring + 4 + 2ul * (ushort)(state.NextAvailable % state.Size), head);
        Memory.TryWrite(ring + 2, ++state.NextAvailable);
    }

    public void Notify(int queue)
    {
        Write(0x50, (uint)queue);
        Work();
    }

    /// <summary>Lets the device do what is to be done now.</summary>
    public void Work()
    {
        for (int i = 0; i < 1000 && Loop.RunOnce(0) > 0; i++)
        {
        }
    }

    /// <summary>The next chain that came back, waiting for operations of the host.</summary>
    public (uint Head, uint Written) TakeUsed(int queue)
    {
        var state = _queues[queue];
        ulong ring = QueueArea(queue) + 0x2000;
        for (int i = 0; i < 1000 && UsedIndex(ring) == state.NextUsed; i++)
            Loop.RunOnce(10);
        Assert.NotEqual(state.NextUsed, UsedIndex(ring));
        ulong element = ring + 4 + 8ul * (ushort)(state.NextUsed % state.Size);
        state.NextUsed++;
        Memory.TryRead(element, out uint head);
        Memory.TryRead(element + 4, out uint written);
        return (head, written);
    }

    /// <summary>Whether a chain came back that was not taken yet.</summary>
    public bool HasUsed(int queue) => UsedIndex(QueueArea(queue) + 0x2000) != _queues[queue].NextUsed;

    /// <summary>Offers, notifies and waits for a chain; bytes the device says it wrote.</summary>
    public uint Exchange(int queue, params (ulong Address, uint Length, bool IsWritable)[] buffers)
    {
        ushort head = Offer(queue, buffers);
        Notify(queue);
        var (used, written) = TakeUsed(queue);
        Assert.Equal(head, used);
        return written;
    }

    public void Dispose()
    {
        Device.Dispose();
        Loop.Dispose();
        Interrupt.Dispose();
        Memory.Dispose();
        _file.Dispose();
    }

    private ushort UsedIndex(ulong ring)
    {
        Memory.TryRead(ring + 2, out ushort index);
        return index;
    }
}
