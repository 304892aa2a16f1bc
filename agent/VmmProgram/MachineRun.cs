using Appliance.Linux.Kvm;
using Appliance.Linux.Libc;
using Appliance.Vmm.Boot;
using Appliance.Vmm.Control;
using Appliance.Vmm.Events;
using Appliance.Vmm.Jail;
using Appliance.Vmm.Machine;
using Appliance.Vmm.Memory;
using Appliance.Vmm.Serial;
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
    private readonly ControlServer? _server;
    private readonly Fd? _endFile;
    private bool _powerButtonPressed;

    public MachineRun(RunOptions options)
    {
        _options = options;
        _kvm = new KvmSystem(OptionFile.Open(options.Kvm, Files.O_RDWR));
        _endFile = options.EndFile is { } end ? OptionFile.Open(end, Files.O_WRONLY | Files.O_CREAT, OwnerOnly) : null;
        var machine = new MachineOptions(options.Cpus, (ulong)options.MemoryMiB * MemoryLayout.MiB, options.UsesPci);
        _machine = new VirtualMachine(_kvm, machine with { Identity = machine.Identity with { Uuid = options.Uuid } });
        _loops = new DeviceLoops(_machine);
        AddConsoles();
        foreach (var disk in options.Disks)
            AddDisk(disk);
        foreach (var tap in options.Taps)
            AddTap(tap);
        if (options.Vsock is { } vsock)
            _machine.Add(new VirtioVsock(vsock.Cid, new VsockSockets(vsock.Path)), _control, "vsock");
        if (options.HasEntropy)
            _machine.Add(new VirtioEntropy(), _control, "rng");
        if (options.Watchdog is { } action)
            _machine.AddWatchdog(action, _control);
        if (options.HasBalloon)
            _machine.Add(new VirtioBalloon(_machine.Memory), _control, "balloon");
        _server = options.Control is { } socket ? Serve(socket) : null;
    }

    /// <summary>Boots, and returns when the machine has ended.</summary>
    public MachineEnd Execute()
    {
        if (Boot() is { } fault)
        {
            Terminal.Say($"appliance-vmm: {fault.Reason}");
            return MachineEnd.CpuFailure;
        }

        _loops.Start();
        _control.Add(_machine.Ended.Descriptor, Epoll.EPOLLIN, _ => _control.Stop());
        if (_machine.DevicesEjected is { } ejected)
            _control.Add(ejected.Descriptor, Epoll.EPOLLIN, _ => RemoveEjected());
        _control.Add(_signals.Descriptor, Epoll.EPOLLIN, _ => OnSignal());
        if (_options.IsConfined)
            MachineJail.Enter();
        if (!_options.StartsPaused)
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

    private ControlServer Serve(ControlSocket socket)
    {
        var commands = new ControlCommands();
        new MachineCommands(_machine).AddTo(commands);
        new DeviceCommands(_machine, _loops).AddTo(commands);
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
            _machine.Add(console, _control, "console");
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
        _loops.Add(new VirtioBlock(file, disk.IsReadOnly, disk.Id, limit: disk.Limit), disk.Id);
    }

    private void AddTap(TapOption option)
    {
        var errno = Errno.None;
        if (OptionFile.FindInherited(option.Name) is var tap && tap is null)
            errno = TapQueue.TryOpen(option.Name, out tap);
        if (errno != Errno.None)
            throw new LinuxException($"open TAP interface {option.Name}", errno);
        _loops.Add(new VirtioNet(tap!, option.Mac, option.Mtu, option.Receiving, option.Sending), option.Name);
    }

    private void RemoveEjected()
    {
        foreach (var device in _machine.RemoveEjected())
        {
            _loops.Release(device);
            _server?.Announce("device-removed", line => line.WriteString("device"u8, device.Name));
        }
    }

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
