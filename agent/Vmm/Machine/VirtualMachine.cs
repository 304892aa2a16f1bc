using Appliance.Linux.Kvm;
using Appliance.Linux.Libc;
using Appliance.Vmm.Acpi;
using Appliance.Vmm.Boot;
using Appliance.Vmm.Bus;
using Appliance.Vmm.Cpu;
using Appliance.Vmm.Events;
using Appliance.Vmm.Firmware;
using Appliance.Vmm.Generation;
using Appliance.Vmm.Interrupts;
using Appliance.Vmm.Memory;
using Appliance.Vmm.Migration;
using Appliance.Vmm.Pci;
using Appliance.Vmm.Serial;
using Appliance.Vmm.Smbios;
using Appliance.Vmm.Snapshots;
using Appliance.Vmm.Virtio;
using Appliance.Vmm.Virtio.Block;
using Appliance.Vmm.Virtio.Mmio;
using Appliance.Vmm.Virtio.Pci;
using Appliance.Vmm.Watchdogs;

namespace Appliance.Vmm.Machine;

/// <summary>
/// One machine: memory, processors, buses, devices. Made → devices added → <see cref="Boot"/> → <see cref="Resume"/> ⇄ <see cref="Pause"/> →
/// it ends by itself or with <see cref="Stop"/> → disposed. All members from the process's control thread, but <see cref="Pause"/>,
/// <see cref="Resume"/> and <see cref="State"/>, which a thread that makes a snapshot or migrates uses too.
/// </summary>
internal sealed class VirtualMachine : IDisposable
{
    private const uint EventInterrupt = 5;
    private const uint FirstMmioInterrupt = 6;

    private readonly KvmSystem _kvm;
    private readonly MachineOptions _options;
    private readonly KvmMachine _machine;
    private readonly Fd? _memoryFile;
    private readonly AddressBus _ports = new();
    private readonly AddressBus _memoryBus = new();
    private readonly InterruptRouter _router;
    private readonly PciSlots? _slots;
    private readonly EventFd _eventInterrupt = new();
    private readonly EventPorts _events;
    private readonly GenerationId _generation;
    private readonly EventFd _serialInterrupt = new();
    private readonly List<AcpiMmioDevice> _mmioDevices = [];
    private readonly List<VirtioDevice> _devices = [];
    private readonly List<int> _diskSlots = [];
    private readonly List<ISavedPart> _parts = [];
    private readonly kvm_cpuid_entry2[][] _cpuid;
    private readonly uint[] _msrs;
    private readonly List<IDisposable> _owned = [];
    private readonly VirtualCpu[] _cpus;
    private readonly Lock _life = new();
    private MachineState _state;
    private Watchdog? _watchdog;
    private bool _isBooted;
    private int _end;

    /// <param name="kvm">Stays the caller's.</param>
    /// <param name="memoryImage">Where the memory begins: a file in the form of <see cref="MemoryImage"/>, which is not changed and stays the
    /// caller's. Null: with zeros.</param>
    public VirtualMachine(KvmSystem kvm, MachineOptions options, Fd? memoryImage = null)
    {
        _kvm = kvm;
        _options = options;
        _machine = kvm.CreateMachine();
        _machine.SetTssAddress(MemoryLayout.TaskState);
        _machine.SetIdentityMapAddress(MemoryLayout.IdentityMap);
        _machine.CreateIrqchip();
        _memoryFile = memoryImage is null ? MemoryFiles.Create("guest", (long)options.MemoryBytes) : null;
        Memory = new GuestMemory(options.MemoryBytes, memoryImage ?? _memoryFile!, isShared: memoryImage is null);
        Memory.AttachTo(_machine);
        _router = new InterruptRouter(_machine);
        _router.AttachPin(_eventInterrupt, EventInterrupt);
        _router.AttachPin(_serialInterrupt, SerialPort.Com1Interrupt);
        _ports.Add(PowerPorts.Start, PowerPorts.PortCount, new PowerPorts(() => End(MachineEnd.PowerOff), () => End(MachineEnd.Reset)));
        _events = new EventPorts(_eventInterrupt, slot => _slots?.OnEjected(slot));
        _ports.Add(EventPorts.Start, EventPorts.PortCount, _events);
        _generation = new GenerationId(_machine) { Value = Generation.GenerationId.Create() };
        _parts.Add(_events);
        _parts.Add(_generation);
        if (options.UsesPci)
        {
            var pci = new PciBus();
            _slots = new PciSlots(pci, _events);
            var ports = new PciConfigPorts(pci, () => End(MachineEnd.Reset));
            _ports.Add(PciConfigPorts.Start, PciConfigPorts.PortCount, ports);
            _parts.Add(ports);
            _memoryBus.Add(MemoryLayout.PciWindowStart, MemoryLayout.PciWindowEnd - MemoryLayout.PciWindowStart, pci);
        }

        _msrs = CpuState.MsrsToSave(kvm);
        _cpuid = new kvm_cpuid_entry2[options.CpuCount][];
        _cpus = new VirtualCpu[options.CpuCount];
        for (int i = 0; i < _cpus.Length; i++)
            _cpus[i] = new VirtualCpu(i, _machine, _ports, _memoryBus, OnCpuEnded);
    }

    public GuestMemory Memory { get; }

    public IReadOnlyList<VirtualCpu> Cpus => _cpus;

    public IReadOnlyList<VirtioDevice> Devices => _devices;

    /// <summary>Signalled when the machine ends; then see <see cref="EndReason"/>.</summary>
    public EventFd Ended { get; } = new();

    /// <summary>Signalled when the guest has let devices go: call <see cref="DeviceLoops.RemoveEjected"/>. Null on a machine without PCI.</summary>
    public EventFd? DevicesEjected => _slots?.Ejected;

    /// <summary>Null before <see cref="AddWatchdog"/>.</summary>
    public Watchdog? Watchdog => _watchdog;

    public MachineEnd EndReason => (MachineEnd)Volatile.Read(ref _end);

    public MachineState State => EndReason == MachineEnd.None ? _state : MachineState.Ended;

    /// <summary>Told of each new <see cref="State"/> but the last, for which there is <see cref="Ended"/>; on the thread that changes it.</summary>
    public Action<MachineState>? StateChanged { get; set; }

    /// <summary>What the machine is busy with that takes long (a snapshot, a migration); others wait until it is null. Of the control thread.</summary>
    public string? BusyWith { get; set; }

    /// <summary>What a processor said when it could not go on.</summary>
    public string? Failure => _cpus.FirstOrDefault(cpu => cpu.Failure is not null)?.Failure;

    /// <summary>Adds COM1.</summary>
    public SerialPort AddSerial(OutputPump output)
    {
        var serial = new SerialPort(output, _serialInterrupt);
        _ports.Add(SerialPort.Com1, SerialPort.PortCount, serial);
        _parts.Add(serial);
        return serial;
    }

    /// <summary>Adds a watchdog, which the guest may start. Before <see cref="Boot"/>.</summary>
    /// <param name="loop">Of the control thread.</param>
    public void AddWatchdog(WatchdogAction action, EventLoop loop)
    {
        _watchdog = new Watchdog(loop, () => OnWatchdog(action));
        _owned.Add(_watchdog);
        _parts.Add(_watchdog);
        _ports.Add(Watchdog.Start, Watchdog.PortCount, _watchdog);
    }

    /// <summary>Adds a virtio device on the machine's transport; taken over. On PCI also while the guest runs, which is told.</summary>
    /// <param name="loop">Does the device's work.</param>
    /// <param name="name">What the control protocol knows it by.</param>
    /// <exception cref="InvalidOperationException">All slots are filled, or the guest runs and has no PCI.</exception>
    /// <param name="place">On the bus; null for the next.</param>
    public void Add(VirtioDevice device, EventLoop loop, string name, int? place = null)
    {
        if (_devices.Exists(other => other.Name == name))
            throw new ArgumentException($"two devices are called {name}", nameof(name));
        device.Name = name;
        lock (_life)
        {
            if (_slots is not null)
                AddPci(device, loop, _slots, place);
            else if (_isBooted)
                throw new InvalidOperationException("memory-mapped devices cannot come while the guest runs");
            else
                AddMmio(device, loop);
            if (_state == MachineState.Paused)
                device.Pause();
            _devices.Add(device);
        }
    }

    /// <summary>Asks the guest to let a device go; false when it cannot be asked. When it has, <see cref="DevicesEjected"/> is signalled.</summary>
    public bool RequestRemoval(VirtioDevice device) => _slots is not null && _slots.Ask(device);

    /// <summary>What the guest has let go since the last time: to be removed with <see cref="Remove"/>.</summary>
    public IReadOnlyList<VirtioDevice> TakeEjected() => _slots is null ? [] : _slots.TakeEjected();

    /// <summary>Removes a device from the machine and disposes it. Its thread, when it has one of its own, works no more.</summary>
    public void Remove(VirtioDevice device)
    {
        lock (_life)
        {
            // A processor that does not care may be in the registers of what it let go.
            foreach (var cpu in _cpus)
                cpu.Pause();
            _slots!.Remove(device);
            _devices.Remove(device);
            foreach (var cpu in _cpus)
            {
                if (_state == MachineState.Running)
                    cpu.Resume();
            }
        }
    }

    /// <summary>Gives the machine another generation id and tells the guest. For a machine restored from a snapshot, before <see cref="Resume"/>.</summary>
    public void RenewGeneration()
    {
        GenerationId = Generation.GenerationId.Create();
        _events.Raise(MachineEvents.Generation);
    }

    /// <summary>See <see cref="Generation.GenerationId"/>. A machine that moves keeps its own: set it silently at the destination.</summary>
    public Guid GenerationId
    {
        get => _generation.Value;
        set => _generation.Value = value;
    }

    /// <summary>Puts tables and kernel into memory and makes the processors, paused.</summary>
    /// <returns>Why the kernel cannot boot; null when it can.</returns>
    public BootFault? Boot(ImageFile kernel, ImageFile? initrd, string commandLine, bool prefersPvh = false)
    {
        ulong rsdp = AcpiTables.Write(Memory, DescribeForAcpi());
        SmbiosTables.Write(Memory, _options.Identity);
        var request = new BootRequest(kernel, initrd, commandLine, rsdp, prefersPvh);
        if (DirectBoot.Prepare(request, Memory, out var boot) is { } fault)
            return fault;

        MakeCpus();
        // The others wait for the first one's start-up interrupt; KVM keeps them.
        _cpus[0].Ask(kvm =>
        {
            boot!.Enter(kvm);
            return 0;
        });
        return null;
    }

    /// <summary>Gives the machine a firmware, which boots from the first disk that can be booted, and makes the processors, paused.</summary>
    /// <param name="rom">The firmware's file; stays the caller's.</param>
    /// <returns>Why the firmware cannot run here; null when it can.</returns>
    public BootFault? BootFirmware(Fd rom)
    {
        if (_slots is null)
            return new BootFault("firmware finds disks on PCI only");
        if (FirmwareBoot.Attach(new FirmwareRequest(rom, Memory, DescribeForAcpi(), _options.Identity, _diskSlots), _machine, _ports, out var boot) is { } fault)
            return fault;
        _owned.Add(boot!);
        boot!.Prepare(Memory);
        MakeCpus();
        return null;
    }

    private AcpiMachine DescribeForAcpi() =>
        new(_options.CpuCount, EventInterrupt, _slots is not null, _mmioDevices, _watchdog is not null);

    private void MakeCpus()
    {
        var supported = _kvm.GetSupportedCpuid();
        bool hasDeadlineTimer = _kvm.Check(KvmConstants.KVM_CAP_TSC_DEADLINE_TIMER) != 0;
        foreach (var cpu in _cpus)
        {
            var cpuid = CpuidTable.For(supported, cpu.Number, _cpus.Length, hasDeadlineTimer);
            _cpuid[cpu.Number] = cpuid;
            cpu.Start();
            cpu.Ask(kvm => CpuReset.Apply(kvm, cpuid));
        }

        _isBooted = true;
    }

    /// <summary>Writes the state of everything but memory. Paused, or not run yet.</summary>
    public void Save(StateWriter writer)
    {
        // Devices that the guest lets go wait for the end of this.
        lock (_life)
        {
            MachineShape.Save(writer, _options, FindPlaces());
            PlatformState.Save(_machine, writer);
            foreach (var cpu in _cpus)
            {
                cpu.Ask(kvm =>
                {
                    CpuState.Save(kvm, (uint)cpu.Number, _cpuid[cpu.Number], _msrs, writer);
                    return 0;
                });
            }

            foreach (var part in _parts)
                part.Save(writer);
            for (int i = 0; i < _devices.Count; i++)
                _devices[i].Save(writer, (uint)i);
        }
    }

    /// <summary>
    /// Becomes what a machine was when it was saved, paused; instead of <see cref="Boot"/>. The same shape and devices were made already, and memory
    /// holds what it held. Order: the clock before processors, which count by it; interrupt controllers after the local APICs that they reach.
    /// </summary>
    /// <param name="advancesClock">The guest's clock includes the time since the state was saved.</param>
    /// <exception cref="SnapshotException">The state is not one this machine can have.</exception>
    public void Restore(StateReader reader, bool advancesClock)
    {
        if (!MachineShape.Read(reader).IsOf(_options, FindPlaces()))
            throw new SnapshotException("the state is another machine's: of other processors, memory or devices");
        foreach (var cpu in _cpus)
            cpu.Start();
        PlatformState.RestoreClock(_machine, reader, advancesClock);
        foreach (var cpu in _cpus)
            RefusedMsrs += cpu.Ask(kvm => CpuState.Restore(kvm, reader, (uint)cpu.Number, out _cpuid[cpu.Number]));
        PlatformState.RestoreChips(_machine, reader);
        foreach (var part in _parts)
            part.Restore(reader);
        for (int i = 0; i < _devices.Count; i++)
            _devices[i].Restore(reader, (uint)i);
        reader.CheckAllTaken();
        _state = MachineState.Paused;
        _isBooted = true;
    }

    /// <summary>Model-specific registers of restored processors that this kernel did not take.</summary>
    public int RefusedMsrs { get; private set; }

    /// <summary>Lets devices and processors run. Free when they do.</summary>
    public void Resume()
    {
        lock (_life)
        {
            if (_state == MachineState.Running)
                return;
            if (_state == MachineState.Paused)
                AnnouncePause();
            foreach (var device in _devices)
                device.Resume();
            _watchdog?.Resume();
            foreach (var cpu in _cpus)
                cpu.Resume();
            _state = MachineState.Running;
        }

        StateChanged?.Invoke(MachineState.Running);
    }

    /// <summary>Returns when no processor is in the guest and no device touches its memory. Free when that is so.</summary>
    public void Pause()
    {
        lock (_life)
        {
            if (_state == MachineState.Paused)
                return;
            foreach (var cpu in _cpus)
                cpu.Pause();
            _watchdog?.Pause();
            foreach (var device in _devices)
                device.Pause();
            _state = MachineState.Paused;
        }

        StateChanged?.Invoke(MachineState.Paused);
    }

    /// <summary>Ends the machine as if its reset button were pressed: who started it starts it anew.</summary>
    public void Reset() => End(MachineEnd.Reset);

    /// <summary>Holds up the processors of a running machine for a moment, or lets them go on; devices work all the time.</summary>
    public void HoldCpus(bool holds)
    {
        lock (_life)
        {
            if (_state != MachineState.Running)
                return;
            foreach (var cpu in _cpus)
            {
                if (holds)
                    cpu.Pause();
                else
                    cpu.Resume();
            }
        }
    }

    /// <summary>Begins to record which pages are written. Paused.</summary>
    public DirtyPages LogDirtyPages() => new(Memory, _machine);

    /// <summary>Ends the machine here: it runs in another process.</summary>
    public void HandOver() => End(MachineEnd.Migrated);

    /// <summary>Tells the guest that its power button was pressed; what it does is its own decision.</summary>
    public void PressPowerButton() => _events.Raise(MachineEvents.PowerButton);

    /// <summary>Ends the machine as if its plug were pulled, as soon as who waits for <see cref="Ended"/> calls <see cref="Stop"/>.</summary>
    public void Unplug() => End(MachineEnd.Stopped);

    /// <summary>Ends the machine as if its plug were pulled, now. Free when it has ended.</summary>
    public void Stop()
    {
        End(MachineEnd.Stopped);
        foreach (var cpu in _cpus)
            cpu.Stop();
    }

    public void Dispose()
    {
        Stop();
        foreach (var device in _devices)
            device.Dispose();
        _slots?.Dispose();
        foreach (var owned in _owned)
            owned.Dispose();
        _machine.Dispose();
        _generation.Dispose();
        _eventInterrupt.Dispose();
        _serialInterrupt.Dispose();
        Ended.Dispose();
        Memory.Dispose();
        _memoryFile?.Dispose();
    }

    // Otherwise the guest would take the pause for a processor that hangs. One that has ended cannot be asked any more.
    private void AnnouncePause()
    {
        if (EndReason != MachineEnd.None)
            return;
        foreach (var cpu in _cpus)
        {
            cpu.Ask(static kvm =>
            {
                kvm.AnnouncePause();
                return 0;
            });
        }
    }

    // PCI slots have gaps when devices went; memory-mapped devices never go.
    private int[] FindPlaces() => [.. _devices.Select((device, index) => _slots?.NumberOf(device) ?? index)];

    private void AddPci(VirtioDevice device, EventLoop loop, PciSlots slots, int? place)
    {
        int slot = slots.Add(device, loop, _machine, _router, Memory, announces: _isBooted, place);
        if (device is VirtioBlock && !_isBooted)
            _diskSlots.Add(slot);
    }

    private void AddMmio(VirtioDevice device, EventLoop loop)
    {
        uint number = (uint)_mmioDevices.Count;
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(FirstMmioInterrupt + number, InterruptRouter.Pins);
        ulong address = MemoryLayout.VirtioMmioStart + number * MemoryLayout.VirtioMmioSlotBytes;
        var interrupt = new EventFd();
        _owned.Add(interrupt);
        _router.AttachPin(interrupt, FirstMmioInterrupt + number);
        var registers = new VirtioMmio(device, interrupt);
        device.Attach(Memory, loop, registers);
        registers.AttachNotify(_machine, address);
        _memoryBus.Add(address, VirtioMmio.RegistersBytes, registers);
        _mmioDevices.Add(new AcpiMmioDevice((uint)address, (uint)VirtioMmio.RegistersBytes, FirstMmioInterrupt + number));
    }

    private void OnWatchdog(WatchdogAction action)
    {
        switch (action)
        {
            case WatchdogAction.Reset:
                End(MachineEnd.Reset);
                break;
            case WatchdogAction.PowerOff:
                End(MachineEnd.PowerOff);
                break;
            case WatchdogAction.Pause:
                Pause();
                break;
        }
    }

    private void OnCpuEnded(int number, CpuEnd end) => End(end == CpuEnd.TripleFault ? MachineEnd.Reset : MachineEnd.CpuFailure);

    // The first reason counts. Processors go on until the control thread stops them: this may be one of theirs.
    private void End(MachineEnd reason)
    {
        if (Interlocked.CompareExchange(ref _end, (int)reason, (int)MachineEnd.None) == (int)MachineEnd.None)
            Ended.Signal();
    }
}
