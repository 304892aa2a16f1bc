using System.Text.Json;
using Appliance.Linux.Libc;
using Appliance.Vmm.Events;
using Appliance.Vmm.Machine;
using Appliance.Vmm.Snapshots;

namespace Appliance.Vmm.Control;

/// <summary>What takes long, a snapshot or a migration, on a thread of its own while the control thread serves. At most one at a time.</summary>
internal sealed class MachineJob : IDisposable
{
    private const int StackBytes = 256 * 1024;

    private readonly VirtualMachine _machine;
    private readonly EventLoop _loop;
    private readonly EventFd _done = new();
    private readonly ulong _token;
    private Thread? _thread;
    private ControlPromise? _promise;
    private ControlError? _error;
    private Action<Utf8JsonWriter>? _result;
    private volatile bool _isCancelled;

    public MachineJob(VirtualMachine machine, EventLoop loop)
    {
        (_machine, _loop) = (machine, loop);
        _token = loop.Add(_done.Descriptor, Epoll.EPOLLIN, _ => OnDone());
    }

    /// <summary>Somebody wants the job to end early; it looks at this now and then.</summary>
    public bool IsCancelled => _isCancelled;

    /// <summary>What happens at the job's end, on the control thread, after its answer went out.</summary>
    public Action? Ended { get; set; }

    /// <param name="name">What the machine is busy with.</param>
    /// <param name="work">Runs on the job's thread; says what went wrong, or gives the result's members.</param>
    public ControlError? Start(string name, ControlRequest request, Work work)
    {
        if (_machine.State == MachineState.Ended)
            return ControlError.WrongState("the machine has ended");
        if (_machine.BusyWith is { } other)
            return ControlError.Busy($"a {other} is under way");
        _machine.BusyWith = name;
        _isCancelled = false;
        _promise = request.Defer();
        _thread = new Thread(() => Run(work), StackBytes) { Name = name, IsBackground = true };
        _thread.Start();
        return null;
    }

    public delegate ControlError? Work(out Action<Utf8JsonWriter>? result);

    public void Cancel() => _isCancelled = true;

    public void Dispose()
    {
        Cancel();
        _thread?.Join();
        _loop.Remove(_token);
        _done.Dispose();
    }

    private void Run(Work work)
    {
        try
        {
            _error = work(out _result);
        }
        catch (Exception error) when (error is LinuxException or SnapshotException or InvalidOperationException)
        {
            // The last of them: the machine ended meanwhile.
            _error = ControlError.Failed(error.Message);
        }

        _done.Signal();
    }

    private void OnDone()
    {
        _done.Clear();
        _thread?.Join();
        _thread = null;
        _machine.BusyWith = null;
        _promise?.Keep(_error, _result);
        _promise = null;
        Ended?.Invoke();
    }
}
