using Appliance.Linux.Libc;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Compute.Qemu;

/// <summary>
/// Composes the arguments of one QEMU and collects the descriptors it inherits: everything it uses it gets as a descriptor, so its user needs
/// no right to any path. PCI addresses are fixed by role, so that a guest finds its devices where they were at the last start.
/// </summary>
internal sealed class QemuCommandLine(QemuOptions options, string accelerator, ServerDocument server)
{
    // Slots of pcie.0. The root ports take functions of the slots from the last number on; a slot has eight.
    private const int RandomSlot = 0x1;
    private const int RootSlot = 0x2;
    private const int EphemeralSlot = 0x3;
    private const int SwapSlot = 0x4;
    private const int ConfigDriveSlot = 0x5;
    private const int FirstPortSlot = 0x10;
    private const int FunctionsOfSlot = 8;

    private readonly List<string> _arguments = [];
    private readonly List<Fd> _descriptors = [];
    private int _portCount;

    public IReadOnlyList<string> Arguments => [options.BinaryPath, .. _arguments];

    /// <summary>In the order of their numbers in the new process.</summary>
    public IReadOnlyList<Fd> Descriptors => _descriptors;

    /// <summary>Processor, memory, identity and what a guest never sees.</summary>
    public void AddMachine()
    {
        Add("-no-user-config", "-nodefaults", "-display", "none", "-name", $"guest={server.Id}");
        // Without devices nobody uses: they cost memory, boot time and attack surface. Pages of guests are neither dumped nor merged.
        Add("-machine", "q35,usb=off,vmport=off,smbus=off,sata=off,hpet=off,dump-guest-core=off,mem-merge=off");
        if (accelerator == QemuProbe.Kvm)
            Add("-accel", "kvm", "-cpu", "host");
        else
            Add("-accel", Text($"tcg,thread=multi,tb-size={options.TranslationBufferMiB}"), "-cpu", "max");
        Add("-smp", Text($"{server.Vcpus},sockets=1,cores={server.Vcpus},threads=1"), "-m", Text($"{server.MemoryMiB}M"));
        Add("-overcommit", "mem-lock=off", "-rtc", "base=utc", "-boot", "strict=on");
        Add("-global", "ICH9-LPC.disable_s3=1", "-global", "ICH9-LPC.disable_s4=1");
        // cloud-init recognizes an OpenStack server by this product name (tools/ds-identify).
        Add("-uuid", server.Id, "-smbios", $"type=1,manufacturer=Appliance,product=OpenStack Compute,serial={server.Id},family=Virtual Machine");
        // Paused until the agent listens; after a power-off it waits, so that the agent can tell it from a crash.
        Add("-S", "-no-shutdown");
        Add("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
        // Chassis and slot numbers of ports start at 1; the random numbers come from the host kernel without a file.
        Add("-object", "rng-builtin,id=rng0", "-device", Text($"virtio-rng-pci,rng=rng0,bus=pcie.0,addr={RandomSlot:x}"));
    }

    /// <summary>Monitor and serial port, on sockets that listen already.</summary>
    public void AddSockets(Fd monitor, Fd serial)
    {
        Add("-chardev", Text($"socket,id=qmp,fd={Inherit(monitor)},server=on,wait=off"), "-mon", "chardev=qmp,mode=control");
        Add("-chardev", Text($"socket,id=serial0,fd={Inherit(serial)},server=on,wait=off"), "-device", "isa-serial,chardev=serial0,index=0");
    }

    public void AddRootDisk(Fd file, bool isDirect) => AddDisk("root", file, isDirect, RootSlot, ",bootindex=1");

    public void AddEphemeralDisk(Fd file, bool isDirect) => AddDisk("ephemeral", file, isDirect, EphemeralSlot, "");

    public void AddSwapDisk(Fd file, bool isDirect) => AddDisk("swap", file, isDirect, SwapSlot, "");

    /// <summary>A read-only disk: every guest with virtio sees it, and no CD-ROM controller is needed.</summary>
    public void AddConfigDrive(Fd file)
    {
        var set = AddDescriptorSet(file);
        Add("-blockdev", Text($"driver=raw,node-name=config,read-only=on,file.driver=file,file.filename={set},file.read-only=on"));
        Add("-device", Text($"virtio-blk-pci,drive=config,id=config,bus=pcie.0,addr={ConfigDriveSlot:x}"));
    }

    /// <summary>A NIC on a port of its own, from which it can be unplugged.</summary>
    /// <param name="vhost">Moves frames in the kernel; null: QEMU does.</param>
    public void AddNic(PortDevice port, Fd queue, Fd? vhost)
    {
        var index = _portCount;
        AddPort();
        var acceleration = vhost is null ? "" : Text($",vhost=on,vhostfd={Inherit(vhost)}");
        Add("-netdev", Text($"tap,id=net{index},fd={Inherit(queue)}{acceleration}"));
        // No option ROM: guests boot from their disks.
        Add("-device", Text($"virtio-net-pci,netdev=net{index},id=nic{index},mac={port.MacAddress},host_mtu={port.Mtu},romfile=,bus=port{index}"));
    }

    /// <summary>Ports for what is plugged in later; after all NICs.</summary>
    public void AddSparePorts()
    {
        for (var i = 0; i < options.SpareSlots; i++)
            AddPort();
    }

    /// <summary>UEFI instead of BIOS: the firmware in flash, and a flash of the server's own for its variables.</summary>
    public void AddUefi(Fd code, Fd variables)
    {
        Add("-blockdev", Text($"driver=raw,node-name=uefi-code,read-only=on,file.driver=file,file.filename={AddDescriptorSet(code)},file.read-only=on"));
        Add("-blockdev", Text($"driver=raw,node-name=uefi-variables,file.driver=file,file.filename={AddDescriptorSet(variables)}"));
        Add("-machine", "pflash0=uefi-code,pflash1=uefi-variables");
    }

    /// <summary>Boots a kernel directly, with the command line Nova gives such images unless the image has its own.</summary>
    public void AddKernel(Fd kernel, Fd? ramdisk)
    {
        var commandLine = server.Image?.Properties.GetValueOrDefault("os_command_line") ?? "root=/dev/vda console=tty0 console=ttyS0";
        Add("-kernel", PathOf(kernel), "-append", commandLine);
        if (ramdisk is not null)
            Add("-initrd", PathOf(ramdisk));
    }

    private void AddDisk(string name, Fd file, bool isDirect, int slot, string properties)
    {
        var set = AddDescriptorSet(file);
        var access = isDirect ? "file.aio=native,cache.direct=on,file.cache.direct=on" : "file.aio=threads";
        Add("-blockdev", Text($"driver=raw,node-name={name},file.driver=file,file.filename={set},{access},discard=unmap,file.discard=unmap,detect-zeroes=unmap"));
        Add("-device", Text($"virtio-blk-pci,drive={name},id={name},serial={name},bus=pcie.0,addr={slot:x}{properties}"));
    }

    private void AddPort()
    {
        var (slot, function) = (FirstPortSlot + (_portCount / FunctionsOfSlot), _portCount % FunctionsOfSlot);
        var multifunction = function == 0 ? ",multifunction=on" : "";
        // No I/O ports are set aside: virtio devices of this age need none, and there are only 64 KiB of them.
        Add("-device", Text($"pcie-root-port,id=port{_portCount},bus=pcie.0,chassis={_portCount + 1},addr={slot:x}.{function}{multifunction},io-reserve=0"));
        _portCount++;
    }

    private string AddDescriptorSet(Fd file)
    {
        var number = Inherit(file);
        Add("-add-fd", Text($"fd={number},set={number}"));
        return Text($"/dev/fdset/{number}");
    }

    private string PathOf(Fd file) => Text($"/proc/self/fd/{Inherit(file)}");

    private int Inherit(Fd descriptor)
    {
        _descriptors.Add(descriptor);
        return Spawn.NumberOf(_descriptors.Count - 1);
    }

    private void Add(params ReadOnlySpan<string> arguments) => _arguments.AddRange(arguments);

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
