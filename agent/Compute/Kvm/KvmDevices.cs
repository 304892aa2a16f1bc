using Appliance.Agent.Faults;
using Appliance.Linux.Libc;

namespace Appliance.Agent.Compute.Kvm;

/// <summary>Opens everything one machine uses, as the agent, and composes the command line around it. Disposed when the machine has inherited it.</summary>
internal sealed class KvmDevices(KvmOptions options, string program, GuestStart start, Func<string, Outcome<Fd>> openTap) : IDisposable
{
    private readonly List<Fd> _opened = [];
    private long _largestFileBytes;

    public KvmCommandLine CommandLine { get; } = new(program, start.Document);

    /// <summary>What no file of the machine may grow beyond: its memory is one.</summary>
    public long LargestFileBytes => Math.Max(_largestFileBytes, (long)start.Document.MemoryMiB << 20);

    /// <summary>Opens all; the fault when something is not there.</summary>
    public Fault? Open()
    {
        var folder = start.Server.Folder;
        CommandLine.AddMachine(Keep(Files.Open(KvmDevice.DevicePath, Files.O_RDWR)));
        CommandLine.AddOutside(
            Keep(UnixSockets.Listen(folder, KvmFiles.ControlSocket)), Keep(UnixSockets.Listen(folder, KvmFiles.SerialSocket)),
            Keep(KvmFiles.OpenLog(folder)), Keep(KvmFiles.CreateEnd(folder)));
        if (AddBoot() is { } nothing)
            return nothing;
        AddDisks();
        foreach (var port in start.Ports)
        {
            if (openTap(port.TapName).Failed(out var fault, out var queue))
                return fault;
            CommandLine.AddNic(port, Keep(queue));
        }

        return null;
    }

    public void Dispose()
    {
        foreach (var fd in _opened)
            fd.Dispose();
    }

    private Fault? AddBoot()
    {
        var disks = start.Disks!;
        if (disks.KernelPath is { } kernel)
        {
            CommandLine.AddKernel(
                Keep(Files.Open(kernel, Files.O_RDONLY)), disks.RamdiskPath is { } ramdisk ? Keep(Files.Open(ramdisk, Files.O_RDONLY)) : null);
            return null;
        }

        if (Files.TryOpen(options.FirmwarePath, Files.O_RDONLY, 0, out var firmware) is var errno && errno != Errno.None)
            return new Fault("This node has no firmware to boot disks with; install the package seabios.", FaultKind.Passing, $"open {options.FirmwarePath}: {errno}");
        CommandLine.AddFirmware(Keep(firmware));
        return null;
    }

    private void AddDisks()
    {
        var disks = start.Disks!;
        AddDisk("root", disks.RootPath, isReadOnly: false);
        AddDisk("ephemeral", disks.EphemeralPath, isReadOnly: false);
        AddDisk("swap", disks.SwapPath, isReadOnly: false);
        AddDisk("config", disks.ConfigDrivePath, isReadOnly: true);
    }

    private void AddDisk(string name, string? path, bool isReadOnly)
    {
        if (path is null)
            return;
        CommandLine.AddDisk(name, Keep(Files.Open(path, isReadOnly ? Files.O_RDONLY : Files.O_RDWR)), isReadOnly);
        _largestFileBytes = Math.Max(_largestFileBytes, new FileInfo(path).Length);
    }

    private Fd Keep(Fd fd)
    {
        _opened.Add(fd);
        return fd;
    }
}
