using Appliance.Linux.Kvm;
using Appliance.Linux.Libc;
using Appliance.Vmm.Boot;
using Appliance.Vmm.Control;
using Appliance.Vmm.Events;
using Appliance.Vmm.Jail;
using Appliance.Vmm.Machine;
using Appliance.Vmm.Memory;
using Appliance.Vmm.Migration;
using Appliance.Vmm.Serial;
using Appliance.Vmm.Snapshots;
using Appliance.Vmm.Virtio;
using Appliance.Vmm.Virtio.Balloon;
using Appliance.Vmm.Virtio.Block;
using Appliance.Vmm.Virtio.Console;
using Appliance.Vmm.Virtio.Entropy;
using Appliance.Vmm.Virtio.Net;
using Appliance.Vmm.Virtio.Vsock;

namespace Appliance.VmmProgram;

/// <summary>One machine from the command line to its end. The calling thread is the control thread: it serves the consoles and small devices.</summary>
internal sealed class MachineRun : IDisposable
{
    // Of Debian's package seabios: the build without devices that this machine does not have.
    private const string DefaultFirmware = "/usr/share/seabios/bios-microvm.bin";

    private const int OwnerOnly = 0b110_000_000;

    private readonly RunOptions _options;
    private readonly KvmSystem _kvm;
    private readonly EventLoop _control = new("control");
    private readonly DeviceLoops _loops;
    private readonly List<IDisposable> _owned = [];
    private readonly List<OutputPump> _pumps = [];
    private readonly VirtualMachine _machine;
    private readonly ShutdownSignals _signals = new();
    private readonly List<PreparedDevice> _prepared = [];
    private readonly MigrationDestination? _incoming;
    private readonly StateReader? _state;
    private readonly ControlServer? _server;
    private readonly Fd? _endFile;
    private readonly MachineJob? _job;
    private bool _powerButtonPressed;

    public MachineRun(RunOptions options)
    {
        _options = options;
        _kvm = new KvmSystem(OptionFile.Open(options.Kvm, Files.O_RDWR));
        _endFile = options.EndFile is { } end ? OptionFile.Open(end, Files.O_WRONLY | Files.O_CREAT, OwnerOnly) : null;
        _incoming = options.Receive is { } source ? new MigrationDestination(source.Open(), CheckSignals) : null;
        _state = _incoming?.ReadPreview() ?? ReadState();
        var shape = _state is null ? null : MachineShape.Read(_state);
        var machine = shape?.Options ?? new MachineOptions(options.Cpus, (ulong)options.MemoryMiB * MemoryLayout.MiB, options.UsesPci);
        _machine = new VirtualMachine(_kvm, machine with { Identity = machine.Identity with { Uuid = options.Uuid } }, OpenMemoryImage(shape));
        _loops = new DeviceLoops(_machine);
        AddConsoles();
        foreach (var disk in options.Disks)
            AddDisk(disk);
        foreach (var tap in options.Taps)
            AddTap(tap);
        if (options.Vsock is { } vsock)
            _prepared.Add(new(new VirtioVsock(vsock.Cid, new VsockSockets(vsock.Path)), "vsock", HasOwnThread: false));
        if (options.HasEntropy)
            _prepared.Add(new(new VirtioEntropy(), "rng", HasOwnThread: false));
        if (options.Watchdog is { } action)
            _machine.AddWatchdog(action, _control);
        if (options.HasBalloon)
            _prepared.Add(new(new VirtioBalloon(_machine.Memory), "balloon", HasOwnThread: false));
        AddPrepared(shape);
        if (options.Control is not { } socket)
            return;
        _job = new MachineJob(_machine, _control);
        _server = Serve(socket, _job);
    }

    /// <summary>A device of the command line, before it has a place in the machine.</summary>
    private sealed record PreparedDevice(VirtioDevice Device, string Name, bool HasOwnThread);

    /// <summary>Boots, and returns when the machine has ended.</summary>
    public MachineEnd Execute()
    {
        bool runs = !_options.StartsPaused;
        if (_incoming is not null)
        {
            _incoming.Accept();
            RefuseOnFault(_incoming, () => _incoming.Load(_machine));
        }
        else if (_state is not null)
        {
            _machine.Restore(_state, _options.AdvancesClock);
            _machine.RenewGeneration();
        }
        else if (Boot() is { } fault)
        {
            Terminal.Say($"appliance-vmm: {fault.Reason}");
            return MachineEnd.CpuFailure;
        }

        _loops.Start();
        _control.Add(_machine.Ended.Descriptor, Epoll.EPOLLIN, _ => _control.Stop());
        if (_machine.DevicesEjected is { } ejected)
            _control.Add(ejected.Descriptor, Epoll.EPOLLIN, _ => RemoveEjected());
        _control.Add(_signals.Descriptor, Epoll.EPOLLIN, _ => OnSignal());
        if (_incoming is not null)
            runs = TakeOver(_incoming) && runs;
        if (_options.IsConfined)
            MachineJail.Enter();
        if (runs)
            _machine.Resume();
        _control.Run();
        _machine.Stop();
        AnnounceEnd();
        foreach (var pump in _pumps)
            pump.Flush();
        if (_endFile is not null)
            Terminal.Write(_endFile, _machine.EndReason.ToString());
        if (_machine.EndReason == MachineEnd.CpuFailure)
            Terminal.Say($"appliance-vmm: a processor failed: {_machine.Failure}");
        if (_options.SaysStatistics)
            Terminal.Say(RunStatistics.Of(_machine));
        return _machine.EndReason;
    }

    public void Dispose()
    {
        _job?.Dispose();
        _state?.Dispose();
        _incoming?.Dispose();
        _loops.Stop();
        _machine.Dispose();
        _loops.Dispose();
        foreach (var owned in _owned)
            owned.Dispose();
        foreach (var pump in _pumps)
            pump.Dispose();
        _server?.Dispose();
        _endFile?.Dispose();
        _signals.Dispose();
        _control.Dispose();
        _kvm.Dispose();
    }

    /// <summary>From here on the machine is this process's. Its interfaces tell the network so.</summary>
    /// <returns>Whether it ran where it comes from.</returns>
    private bool TakeOver(MigrationDestination incoming)
    {
        bool ran = incoming.AwaitRun();
        foreach (var interfaceCard in _machine.Devices.OfType<VirtioNet>())
            interfaceCard.Announce();
        return ran;
    }

    private void CheckSignals()
    {
        if (_signals.IsPending)
            throw new MigrationException("ended by a signal before the machine was here");
    }

    private StateReader? ReadState()
    {
        if (_options.State is null)
            return null;
        using var file = OptionFile.Open(_options.State, Files.O_RDONLY);
        return StateReader.Read(file);
    }

    private Fd? OpenMemoryImage(MachineShape? shape)
    {
        if (shape is null || _incoming is not null)
            return null;
        var file = OptionFile.Open(_options.MemoryImage!, Files.O_RDONLY);
        _owned.Add(file);
        // One that is shorter would end the process at the first access beyond it.
        return FileData.GetLength(file) == (long)shape.Options.MemoryBytes
            ? file
            : throw new SnapshotException($"{_options.MemoryImage} is not the memory of this state: {FileData.GetLength(file)} bytes instead of {shape.Options.MemoryBytes}");
    }

    /// <summary>In the order of the command line, or where a saved machine had them: the first of a kind here is the first of that kind there.</summary>
    private void AddPrepared(MachineShape? shape)
    {
        if (_incoming is not null)
            RefuseOnFault(_incoming, () => AddInOrder(shape));
        else
            AddInOrder(shape);
    }

    // The source hears why, before this process ends.
    private static void RefuseOnFault(MigrationDestination incoming, Action step)
    {
        try
        {
            step();
        }
        catch (SnapshotException error)
        {
            incoming.Refuse(error.Message);
            throw;
        }
    }

    private void AddInOrder(MachineShape? shape)
    {
        for (int i = 0; _state is not null && i < shape!.Places.Length; i++)
        {
            var (type, name) = VirtioDevice.Peek(_state, (uint)i);
            int index = _prepared.FindIndex(prepared => prepared.Device.Type == type);
            if (index < 0)
                throw new SnapshotException($"the saved machine has a device {name} (virtio type {type}), for which none is given");
            Add(_prepared[index], name, shape.Places[i]);
            _prepared.RemoveAt(index);
        }

        if (_state is not null && _prepared.Count > 0)
            throw new SnapshotException($"the saved machine has no such device as {_prepared[0].Name}");
        foreach (var prepared in _prepared)
            Add(prepared, prepared.Name, null);
    }

    private void Add(PreparedDevice prepared, string name, int? place)
    {
        if (prepared.HasOwnThread)
            _loops.Add(prepared.Device, name, place);
        else
            _machine.Add(prepared.Device, _control, name, place);
    }

    private ControlServer Serve(ControlSocket socket, MachineJob job)
    {
        var commands = new ControlCommands();
        new MachineCommands(_machine).AddTo(commands);
        new DeviceCommands(_machine, _loops).AddTo(commands);
        new SnapshotCommands(_machine, job).AddTo(commands);
        new MigrationCommands(_machine, job).AddTo(commands);
        var server = new ControlServer(_control, socket.Listen(), VmmCommands.Version, commands);
        _machine.StateChanged = state => server.Announce("state", line => line.WriteString("state"u8, MachineCommands.NameOf(state)));
        return server;
    }

    private void AnnounceEnd()
    {
        _server?.Announce("end", line =>
        {
            line.WriteString("reason"u8, MachineCommands.NameOf(_machine.EndReason));
            if (_machine.Failure is { } failure)
                line.WriteString("failure"u8, failure);
        });
        _server?.Flush();
    }

    private BootFault? Boot()
    {
        if (_options.Kernel.Length == 0)
        {
            using var firmware = OptionFile.Open(_options.Firmware ?? DefaultFirmware, Files.O_RDONLY);
            return _machine.BootFirmware(firmware);
        }

        using var kernel = OptionFile.Open(_options.Kernel, Files.O_RDONLY);
        using var initrd = _options.Initrd is { } path ? OptionFile.Open(path, Files.O_RDONLY) : null;
        return _machine.Boot(
            new ImageFile(kernel), initrd is null ? null : new ImageFile(initrd), _options.CommandLine, _options.PrefersPvh);
    }

    private void AddConsoles()
    {
        if (_options.Serial != RunOptions.None || _options.SerialLog is not null)
            AddSerial();
        if (_options.Console is { } target)
        {
            var console = new VirtioConsole(Pump(target));
            _prepared.Add(new(console, "console", HasOwnThread: false));
            if (target == RunOptions.Stdio)
                _owned.Add(new InputRelay(_control, Terminal.Input, console.Receive));
        }
    }

    private void AddSerial()
    {
        bool isSocket = _options.Serial.StartsWith(RunOptions.Socket, StringComparison.Ordinal);
        if (!isSocket && _options.SerialLog is null)
        {
            var plain = _machine.AddSerial(Pump(_options.Serial));
            if (_options.Serial == RunOptions.Stdio)
                _owned.Add(new InputRelay(_control, Terminal.Input, plain.Receive));
            return;
        }

        LogRing? log = _options.SerialLog is { } path ? new LogRing(Own(OptionFile.Open(path, Files.O_RDWR | Files.O_CREAT, OwnerOnly))) : null;
        TerminalSocket? terminal = null;
        var pump = new OutputPump(
            bytes =>
            {
                log?.Append(bytes);
                terminal?.Write(bytes);
            },
            _control);
        _pumps.Add(pump);
        var serial = _machine.AddSerial(pump);
        if (isSocket)
            _owned.Add(terminal = new TerminalSocket(_control, OptionFile.Listen(_options.Serial[RunOptions.Socket.Length..]), serial));
    }

    private Fd Own(Fd file)
    {
        _owned.Add(file);
        return file;
    }

    private OutputPump Pump(string target)
    {
        var output = target == RunOptions.Stdio ? Terminal.Output : OptionFile.Open(target, Files.O_WRONLY | Files.O_CREAT, OwnerOnly);
        if (output != Terminal.Output)
            _owned.Add(output);
        var pump = new OutputPump(output, _control);
        _pumps.Add(pump);
        return pump;
    }

    private void AddDisk(DiskOption disk)
    {
        var file = OptionFile.Open(disk.Path, disk.IsReadOnly ? Files.O_RDONLY : Files.O_RDWR);
        _prepared.Add(new(new VirtioBlock(file, disk.IsReadOnly, disk.Id, limit: disk.Limit), disk.Id, HasOwnThread: true));
    }

    private void AddTap(TapOption option)
    {
        var errno = Errno.None;
        if (OptionFile.FindInherited(option.Name) is var tap && tap is null)
            errno = TapQueue.TryOpen(option.Name, out tap);
        if (errno != Errno.None)
            throw new LinuxException($"open TAP interface {option.Name}", errno);
        _prepared.Add(new(new VirtioNet(tap!, option.Mac, option.Mtu, option.Receiving, option.Sending), option.Name, HasOwnThread: true));
    }

    private void RemoveEjected() =>
        _loops.RemoveEjected(device => _server?.Announce("device-removed", line => line.WriteString("device"u8, device.Name)));

    private void OnSignal()
    {
        _signals.Clear();
        if (_powerButtonPressed)
            _machine.Stop();
        else
            _machine.PressPowerButton();
        _powerButtonPressed = true;
    }
}
