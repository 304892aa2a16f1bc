using System.Text;
using Appliance.Linux.Kvm;
using Appliance.Vmm.Cpu;
using Appliance.Vmm.Memory;

namespace Appliance.Vmm.Boot;

/// <summary>Boots a kernel without firmware: puts it, its initrd and what it must be told into RAM, then sets the first processor's registers.</summary>
internal sealed class DirectBoot
{
    private readonly KernelEntry _entry;

    private DirectBoot(KernelEntry entry) => _entry = entry;

    public BootProtocol Protocol => _entry.Protocol;

    /// <param name="boot">Null exactly when there is a fault.</param>
    public static BootFault? Prepare(BootRequest request, GuestMemory memory, out DirectBoot? boot)
    {
        boot = null;
        if (memory.LowEnd < 4 * MemoryLayout.MiB)
            return new BootFault("a guest needs at least 4 MiB of memory");
        if (KernelImage.Load(request.Kernel, memory, request.PrefersPvh, out var entry) is { } fault)
            return fault;
        if (WriteCommandLine(request.CommandLine, entry!, memory) is { } tooLong)
            return tooLong;

        ulong initrd = 0;
        if (request.Initrd is { } image && LoadInitrd(image, entry!, memory, out initrd) is { } noRoom)
            return noRoom;

        EntryState.WriteTables(memory);
        ResetVector.Write(memory);
        var map = MemoryMap.Of(memory);
        ulong initrdBytes = request.Initrd?.Length ?? 0;
        if (entry!.Protocol == BootProtocol.Pvh)
            PvhStartInfo.Write(memory, map, request, initrd, initrdBytes);
        else
            BootParameters.Write(memory, map, entry, request, initrd, initrdBytes);
        boot = new DirectBoot(entry);
        return null;
    }

    /// <summary>Sets the registers of processor 0; on its thread.</summary>
    public void Enter(KvmCpu cpu)
    {
        if (_entry.Protocol == BootProtocol.Pvh)
            EntryState.SetPvh(cpu, _entry.Address, MemoryLayout.PvhStartInfo);
        else
            EntryState.SetLongMode(cpu, _entry.Address, MemoryLayout.BootParameters);
    }

    private static BootFault? WriteCommandLine(string commandLine, KernelEntry entry, GuestMemory memory)
    {
        if (!Ascii.IsValid(commandLine))
            return new BootFault("the kernel command line is not ASCII");
        uint most = Math.Min(entry.CommandLineMax, MemoryLayout.CommandLineMaxBytes - 1);
        if (commandLine.Length > most)
            return new BootFault($"the kernel command line has {commandLine.Length} characters, this kernel takes {most}");
        var room = memory.Slice(MemoryLayout.CommandLine, (uint)commandLine.Length + 1);
        Encoding.ASCII.GetBytes(commandLine, room);
        room[^1] = 0;
        return null;
    }

    /// <summary>As high as RAM and kernel allow, where the kernel's own start does not run over it.</summary>
    private static BootFault? LoadInitrd(ImageFile image, KernelEntry entry, GuestMemory memory, out ulong address)
    {
        const ulong pageMask = 0xFFF;
        address = 0;
        ulong end = Math.Min(memory.LowEnd, entry.InitrdMax + 1);
        if (image.Length > end || image.Length > int.MaxValue || ((end - image.Length) & ~pageMask) < entry.End)
            return new BootFault($"kernel and initrd need more than the guest's {memory.LengthBytes / MemoryLayout.MiB} MiB of memory");

        address = (end - image.Length) & ~pageMask;
        return memory.TrySlice(address, (uint)image.Length, out var room) && image.TryRead(0, room)
            ? null
            : new BootFault("the initrd could not be read");
    }
}
