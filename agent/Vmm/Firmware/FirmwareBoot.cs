using System.Buffers.Binary;
using System.Text;
using Appliance.Linux.Kvm;
using Appliance.Vmm.Acpi;
using Appliance.Vmm.Boot;
using Appliance.Vmm.Bus;
using Appliance.Vmm.Memory;
using Appliance.Vmm.Smbios;
using System.Diagnostics;

namespace Appliance.Vmm.Firmware;

/// <summary>
/// Boots a machine from its disks, as PCs do: a ROM, and what the program in it finds out about the machine. Processors start by themselves
/// at the end of the ROM.
/// </summary>
internal sealed class FirmwareBoot : IDisposable
{
    private readonly FirmwareRom _rom;

    private FirmwareBoot(FirmwareRom rom) => _rom = rom;

    /// <param name="boot">Null exactly when there is a fault; to be disposed with the machine.</param>
    public static BootFault? Attach(FirmwareRequest request, KvmMachine machine, AddressBus ports, out FirmwareBoot? boot)
    {
        boot = null;
        if (FirmwareRom.Load(request.Rom, out var rom) is { } fault)
            return fault;
        boot = new FirmwareBoot(rom!);
        rom!.AttachTo(machine);
        var timer = new CalibrationTimer(Stopwatch.GetTimestamp);
        ports.Add(CalibrationTimer.CountersStart, CalibrationTimer.CounterPorts, timer.Counters);
        ports.Add(CalibrationTimer.ControlStart, CalibrationTimer.ControlPorts, timer.Control);
        ports.Add(FirmwareConfig.Start, FirmwareConfig.PortCount, new FirmwareConfig(request.Acpi.CpuCount, MakeFiles(request)));
        return null;
    }

    /// <summary>Puts the ROM's 16-bit part into RAM, for the first start and every one after it.</summary>
    public void Prepare(GuestMemory memory) => _rom.WriteShadow(memory);

    public void Dispose() => _rom.Dispose();

    private static FirmwareFile[] MakeFiles(FirmwareRequest request)
    {
        byte[] smbios = SmbiosTables.Make(request.Identity);
        FirmwareFile[] files =
        [
            .. AcpiLoader.MakeFiles(AcpiTables.Make(request.Acpi)),
            new("bootorder", MakeBootOrder(request.DiskSlots)),
            new("etc/e820", MakeMemoryMap(request.Memory)),
            new("etc/smbios/smbios-anchor", SmbiosTables.MakeAnchor(0, smbios.Length)),
            new("etc/smbios/smbios-tables", smbios),
        ];
        Array.Sort(files, static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return files;
    }

    // Open Firmware paths as SeaBIOS builds them (src/boot.c, bootprio_find_pci_device). HALT: nothing but what is listed is tried.
    private static byte[] MakeBootOrder(IReadOnlyList<int> slots) =>
        [.. Encoding.ASCII.GetBytes(string.Concat(slots.Select(static slot => $"/pci@i0cf8/scsi@{slot:x}/disk@0,0\n")) + "HALT"), 0];

    // RAM only: firmware itself reserves what it uses.
    private static byte[] MakeMemoryMap(GuestMemory memory)
    {
        var map = new List<byte>();
        Add(map, 0, memory.LowEnd);
        if (memory.HighEnd > MemoryLayout.HoleEnd)
            Add(map, MemoryLayout.HoleEnd, memory.HighEnd - MemoryLayout.HoleEnd);
        return [.. map];
    }

    private static void Add(List<byte> map, ulong start, ulong length)
    {
        Span<byte> entry = stackalloc byte[20];
        BinaryPrimitives.WriteUInt64LittleEndian(entry, start);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], length);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[16..], MemoryRange.Ram);
        map.AddRange(entry);
    }
}
