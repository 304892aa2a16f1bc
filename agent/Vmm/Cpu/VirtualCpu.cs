using Appliance.Linux.Kvm;
using Appliance.Linux.Libc;
using Appliance.Vmm.Bus;

namespace Appliance.Vmm.Cpu;

/// <summary>
/// A processor and the thread that runs it. Made paused; <see cref="Resume"/> and <see cref="Pause"/> switch; <see cref="Stop"/> ends it for
/// good. What needs the processor's registers is handed to its thread with <see cref="Ask{T}"/>.
/// </summary>
/// <param name="ended">Called on the processor's thread when it ends by itself.</param>
internal sealed unsafe class VirtualCpu(int number, KvmMachine machine, AddressBus ports, AddressBus memory, Action<int, CpuEnd> ended) : IDisposable
{
    private const int StackBytes = 128 * 1024;

    private readonly object _door = new();
    private readonly Queue<Request> _requests = new();
    private Thread? _thread;
    private int _threadId;
    private KvmCpu? _kvm;
    private bool _mayRun;
    private bool _mustStop;
    private bool _isParked;
    private bool _hasEnded;

    // Set before every kick; the thread looks at it before every entry.
    private volatile bool _attention = true;

    private abstract class Request
    {
        public bool IsDone;
        public Exception? Failure;

        public abstract void Run(KvmCpu cpu);
    }

    private sealed class Request<T>(Func<KvmCpu, T> work) : Request
    {
        public T Result = default!;

        public override void Run(KvmCpu cpu) => Result = work(cpu);
    }

    public int Number => number;

    public CpuMetrics Metrics { get; } = new();

    /// <summary>What KVM said when the processor ended as <see cref="CpuEnd.Failed"/>.</summary>
    public string? Failure { get; private set; }

    /// <summary>Makes the processor and its thread, paused.</summary>
    public void Start()
    {
        ThreadKick.Install();
        _thread = new Thread(Main, StackBytes) { Name = $"cpu{number}", IsBackground = true };
        _thread.Start();
        Ask(static _ => 0);
    }

    /// <summary>Lets it run; free when it runs already.</summary>
    public void Resume()
    {
        lock (_door)
        {
            _mayRun = true;
            Monitor.PulseAll(_door);
        }
    }

    /// <summary>Returns when the processor is out of the guest, its last instruction complete, or has ended.</summary>
    public void Pause()
    {
        lock (_door)
        {
            _mayRun = false;
            Kick();
            while (!_isParked && !_hasEnded)
                Monitor.Wait(_door);
        }
    }

    /// <summary>Ends it and waits for its thread.</summary>
    public void Stop()
    {
        lock (_door)
        {
            _mustStop = true;
            Kick();
            Monitor.PulseAll(_door);
        }

        if (_thread != Thread.CurrentThread)
            _thread?.Join();
    }

    /// <summary>Runs work on the processor's thread, between two instructions of the guest, and waits for its result.</summary>
    /// <exception cref="InvalidOperationException">The processor has ended.</exception>
    public T Ask<T>(Func<KvmCpu, T> work)
    {
        var request = new Request<T>(work);
        lock (_door)
        {
            if (_hasEnded)
                throw new InvalidOperationException($"processor {number} has ended");
            _requests.Enqueue(request);
            Kick();
            Monitor.PulseAll(_door);
            while (!request.IsDone)
                Monitor.Wait(_door);
        }

        return request.Failure is null ? request.Result : throw new InvalidOperationException($"processor {number}: {request.Failure.Message}", request.Failure);
    }

    public void Dispose() => Stop();

    // Order matters: attention, then immediate_exit, then the signal. See ClearImmediateExit for the other side.
    private void Kick()
    {
        _attention = true;
        if (_kvm is { } kvm && !_hasEnded)
        {
            Volatile.Write(ref kvm.Run->immediate_exit, 1);
            ThreadKick.Send(_threadId);
        }
    }

    private void Main()
    {
        var end = CpuEnd.Failed;
        KvmCpu? kvm = null;
        try
        {
            kvm = machine.CreateCpu(number);
            lock (_door)
            {
                _kvm = kvm;
                _threadId = ThreadKick.CurrentThread;
            }

            end = RunUntilEnd(kvm);
        }
        catch (Exception error)
        {
            Failure = error.Message;
        }
        finally
        {
            Finish();
            kvm?.Dispose();         // after Finish: a kick writes to its page
        }

        if (end != CpuEnd.Stopped)
            ended(number, end);
    }

    private void Finish()
    {
        lock (_door)
        {
            _kvm = null;
            _hasEnded = true;
            while (_requests.TryDequeue(out var request))
            {
                request.Failure = new InvalidOperationException(Failure ?? "the processor has ended");
                request.IsDone = true;
            }

            Monitor.PulseAll(_door);
        }
    }

    private CpuEnd RunUntilEnd(KvmCpu kvm)
    {
        while (true)
        {
            if (_attention && !Attend(kvm))
                return CpuEnd.Stopped;

            var errno = kvm.Enter();
            ClearImmediateExit(kvm);
            if (errno is Errno.EINTR or Errno.EAGAIN)
            {
                Metrics.Kicks++;
                continue;
            }

            if (errno != Errno.None)
            {
                Failure = $"KVM_RUN: {errno}";
                return CpuEnd.Failed;
            }

            if (HandleExit(kvm) is { } end)
                return end;
        }
    }

    /// <summary>
    /// Whoever kicks sets <see cref="_attention"/> first, so after clearing, with a full fence, the loop's look at it cannot miss a kick whose
    /// signal was consumed outside of KVM_RUN.
    /// </summary>
    private static void ClearImmediateExit(KvmCpu kvm)
    {
        if (kvm.Run->immediate_exit == 0)
            return;
        kvm.Run->immediate_exit = 0;
        Interlocked.MemoryBarrier();
    }

    private CpuEnd? HandleExit(KvmCpu kvm)
    {
        var run = kvm.Run;
        Metrics.Exits++;
        switch (run->exit_reason)
        {
            case KvmConstants.KVM_EXIT_IO:
                Metrics.PortExits++;
                AccessPort(kvm);
                return null;
            case KvmConstants.KVM_EXIT_MMIO:
                Metrics.MemoryExits++;
                AccessMemory(run);
                return null;
            case KvmConstants.KVM_EXIT_INTR or KvmConstants.KVM_EXIT_HLT:
                return null;
            case KvmConstants.KVM_EXIT_SHUTDOWN or KvmConstants.KVM_EXIT_SYSTEM_EVENT:
                return CpuEnd.TripleFault;
            default:
                Failure = DescribeFailure(run);
                return CpuEnd.Failed;
        }
    }

    private void AccessPort(KvmCpu kvm)
    {
        var run = kvm.Run;
        var data = kvm.PortData;
        int width = run->io_size;
        // String instructions repeat: count may exceed 1.
        for (; width > 0 && data.Length >= width; data = data[width..])
        {
            if (run->io_direction == KvmConstants.KVM_EXIT_IO_OUT)
                ports.Write(run->io_port, data[..width]);
            else
                ports.Read(run->io_port, data[..width]);
        }
    }

    private void AccessMemory(kvm_run* run)
    {
        // SAFETY: mmio_data is 8 bytes of the run page; the kernel's length is bounded by it.
        var data = new Span<byte>(&run->mmio_data, (int)Math.Min(run->mmio_len, 8));
        if (run->mmio_is_write != 0)
            memory.Write(run->mmio_phys_addr, data);
        else
            memory.Read(run->mmio_phys_addr, data);
    }

    private static string DescribeFailure(kvm_run* run) => run->exit_reason switch
    {
        KvmConstants.KVM_EXIT_FAIL_ENTRY => $"entry refused, reason {run->fail_entry_hardware_entry_failure_reason:x}",
        KvmConstants.KVM_EXIT_INTERNAL_ERROR => $"KVM internal error {run->internal_suberror}",
        var reason => $"exit reason {reason}",
    };

    /// <summary>Serves requests and waits while the processor is paused; false when it must end.</summary>
    private bool Attend(KvmCpu kvm)
    {
        CompleteInstruction(kvm);
        lock (_door)
        {
            while (true)
            {
                while (_requests.TryDequeue(out var request))
                    Serve(request, kvm);
                if (_mustStop)
                    return false;
                if (_mayRun)
                    break;
                _isParked = true;
                Monitor.PulseAll(_door);
                Monitor.Wait(_door);
            }

            _isParked = false;
            _attention = false;
            return true;
        }
    }

    private void Serve(Request request, KvmCpu kvm)
    {
        try
        {
            request.Run(kvm);
        }
        catch (LinuxException error)
        {
            request.Failure = error;
        }

        request.IsDone = true;
        Monitor.PulseAll(_door);
    }

    // After an access to a device the instruction is finished only by the next KVM_RUN; registers seen before that are half of two states.
    // One that is cut into several accesses comes back for each.
    private void CompleteInstruction(KvmCpu kvm)
    {
        var run = kvm.Run;
        while (run->exit_reason is KvmConstants.KVM_EXIT_IO or KvmConstants.KVM_EXIT_MMIO)
        {
            run->immediate_exit = 1;
            if (kvm.Enter() != Errno.None || HandleExit(kvm) is not null)
                break;
        }

        ClearImmediateExit(kvm);
    }
}
