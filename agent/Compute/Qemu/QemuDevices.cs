using Appliance.Agent.Faults;
using Appliance.Linux.Libc;

namespace Appliance.Agent.Compute.Qemu;

/// <summary>Opens everything one QEMU uses, as the agent, and composes the command line around it. Disposed when QEMU has inherited it.</summary>
internal sealed class QemuDevices(QemuOptions options, string accelerator, GuestStart start, Func<string, Outcome<Fd>> openTap) : IDisposable
{
    public const string SerialSocketName = "serial.sock";

    private const string UefiVariablesFile = "uefi.variables";

    private const int O_DIRECT = 0x4000;

    private readonly List<Fd> _opened = [];

    public QemuCommandLine CommandLine { get; } = new(options, accelerator, start.Document);

    /// <summary>Opens all; the fault when something is not there.</summary>
    public Fault? Open()
    {
        CommandLine.AddMachine();
        var folder = start.Server.Folder;
        CommandLine.AddSockets(Keep(UnixSockets.Listen(folder, QemuMonitor.SocketName)), Keep(UnixSockets.Listen(folder, SerialSocketName)));
        if (AddUefi() is { } noFirmware)
            return noFirmware;
        AddDisks();
        foreach (var port in start.Ports)
        {
            if (openTap(port.TapName).Failed(out var fault, out var queue))
                return fault;
            CommandLine.AddNic(port, Keep(queue), accelerator == QemuProbe.Kvm ? OpenVhost() : null);
        }

        CommandLine.AddSparePorts();
        return null;
    }

    /// <summary>For images that boot by it (property <c>hw_firmware_type</c>).</summary>
    private Fault? AddUefi()
    {
        if (start.Document.Image?.Properties.GetValueOrDefault("hw_firmware_type") != "uefi")
            return null;
        if (!File.Exists(options.UefiCodePath) || !File.Exists(options.UefiVariablesPath))
            return new Fault("This node has no UEFI firmware; install the package ovmf.", FaultKind.Passing, $"looked for {options.UefiCodePath}");

        var variables = start.Server.PathOf(UefiVariablesFile);
        if (!File.Exists(variables))
        {
            var partial = variables + ".partial";
            File.Copy(options.UefiVariablesPath, partial, overwrite: true);
            if (start.Server.State!.UserId is { } userId)
                Ownership.Give(partial, userId);
            DurableFiles.Publish(partial, variables);
        }

        CommandLine.AddUefi(Keep(Files.Open(options.UefiCodePath, Files.O_RDONLY)), Keep(Files.Open(variables, Files.O_RDWR)));
        return null;
    }

    public void Dispose()
    {
        foreach (var fd in _opened)
            fd.Dispose();
    }

    private void AddDisks()
    {
        var disks = start.Disks!;
        if (OpenDisk(disks.RootPath) is { } root)
            CommandLine.AddRootDisk(root.File, root.IsDirect);
        if (OpenDisk(disks.EphemeralPath) is { } ephemeral)
            CommandLine.AddEphemeralDisk(ephemeral.File, ephemeral.IsDirect);
        if (OpenDisk(disks.SwapPath) is { } swap)
            CommandLine.AddSwapDisk(swap.File, swap.IsDirect);
        if (disks.ConfigDrivePath is { } configDrive)
            CommandLine.AddConfigDrive(Keep(Files.Open(configDrive, Files.O_RDONLY)));
        if (disks.KernelPath is { } kernel)
            CommandLine.AddKernel(Keep(Files.Open(kernel, Files.O_RDONLY)), disks.RamdiskPath is { } ramdisk ? Keep(Files.Open(ramdisk, Files.O_RDONLY)) : null);
    }

    // Around the page cache where the file system can: the guest has its own. Emulated firmware reads in small pieces, so there the cache wins
    // (a Linux guest here reached its login a fifth sooner).
    private (Fd File, bool IsDirect)? OpenDisk(string? path)
    {
        if (path is null)
            return null;
        var isDirect = options.DirectDisks ?? accelerator == QemuProbe.Kvm;
        return isDirect && Files.TryOpen(path, Files.O_RDWR | O_DIRECT, 0, out var file) == Errno.None
            ? (Keep(file), true)
            : (Keep(Files.Open(path, Files.O_RDWR)), false);
    }

    private Fd? OpenVhost() => Files.TryOpen("/dev/vhost-net", Files.O_RDWR, 0, out var vhost) == Errno.None ? Keep(vhost) : null;

    private Fd Keep(Fd fd)
    {
        _opened.Add(fd);
        return fd;
    }
}
