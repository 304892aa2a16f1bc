using Appliance.Linux.Libc;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Compute.Kvm;

/// <summary>Composes the arguments of one machine and collects the descriptors it inherits: nothing in it is a path.</summary>
internal sealed class KvmCommandLine(string program, ServerDocument server)
{
    private readonly List<string> _arguments = [program, "run", "--confine", "--rng", "--balloon"];
    private readonly List<Fd> _descriptors = [];

    public IReadOnlyList<string> Arguments => _arguments;

    /// <summary>In the order of their numbers in the new process.</summary>
    public IReadOnlyList<Fd> Descriptors => _descriptors;

    public void AddMachine(Fd kvm)
    {
        Add("--kvm", Inherit(kvm));
        Add("--cpus", Text($"{server.Vcpus}"));
        Add("--memory", Text($"{server.MemoryMiB}"));
        if (Guid.TryParse(server.Id, out var uuid) && uuid != Guid.Empty)
            Add("--uuid", uuid.ToString());
    }

    /// <summary>Sockets that listen, and files that outlive the machine.</summary>
    public void AddOutside(Fd control, Fd serial, Fd serialLog, Fd end)
    {
        Add("--control", Inherit(control));
        Add("--serial", $"socket:{Inherit(serial)}");
        Add("--serial-log", Inherit(serialLog));
        Add("--end", Inherit(end));
    }

    public void AddFirmware(Fd firmware) => Add("--firmware", Inherit(firmware));

    /// <summary>Boots a kernel directly, with the command line Nova gives such images unless the image has its own.</summary>
    public void AddKernel(Fd kernel, Fd? ramdisk)
    {
        Add("--kernel", Inherit(kernel));
        Add("--cmdline", server.Image?.Properties.GetValueOrDefault("os_command_line") ?? "root=/dev/vda console=ttyS0");
        if (ramdisk is not null)
            Add("--initrd", Inherit(ramdisk));
    }

    /// <summary>The next of vda, vdb, …</summary>
    public void AddDisk(string name, Fd file, bool isReadOnly) => Add("--disk", $"{Inherit(file)},id={name}{(isReadOnly ? ",ro" : "")}");

    public void AddNic(PortDevice port, Fd queue) => Add("--tap", Text($"{Inherit(queue)},mac={port.MacAddress},mtu={port.Mtu}"));

    private string Inherit(Fd descriptor)
    {
        _descriptors.Add(descriptor);
        return Text($"fd:{Spawn.NumberOf(_descriptors.Count - 1)}");
    }

    private void Add(string option, string value) => _arguments.AddRange([option, value]);

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
