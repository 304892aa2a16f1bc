using Appliance.Linux.Kvm;
using Appliance.Linux.Libc;
using Appliance.Vmm.Boot;
using Appliance.Vmm.Memory;

namespace Appliance.Vmm.Firmware;

/// <summary>A firmware in the machine: at the end of the first 4 GiB, where processors start, and the last 128 KiB of it in the first MiB.</summary>
internal sealed unsafe class FirmwareRom : IDisposable
{
    // 0 and 1 are RAM.
    private const uint Slot = 2;

    private const ulong PageBytes = 4096;
    private const ulong ShadowBytes = MemoryLayout.HighRamStart - MemoryLayout.FirmwareShadow;

    private readonly MemoryMapping _mapping;

    private FirmwareRom(MemoryMapping mapping) => _mapping = mapping;

    /// <param name="file">Stays the caller's; all machines with the same file share its pages.</param>
    /// <param name="rom">Null exactly when there is a fault.</param>
    public static BootFault? Load(Fd file, out FirmwareRom? rom)
    {
        rom = null;
        ulong length = (ulong)FileData.GetLength(file);
        if (length is < ShadowBytes or > MemoryLayout.FirmwareMaxBytes || length % PageBytes != 0)
            return new BootFault($"the firmware has {length} bytes: it must be {ShadowBytes >> 10} KiB to {MemoryLayout.FirmwareMaxBytes >> 20} MiB, in whole pages");
        rom = new FirmwareRom(MemoryMapping.OfFileForReading(file, (long)length));
        return null;
    }

    /// <summary>Makes it part of a machine.</summary>
    public void AttachTo(KvmMachine machine) =>
        machine.SetReadOnlyMemory(Slot, MemoryLayout.HoleEnd - _mapping.Length, _mapping.Length, _mapping.Start);

    /// <summary>Writes the part that 16-bit code sees.</summary>
    public void WriteShadow(GuestMemory memory)
    {
        // SAFETY: the mapping has at least ShadowBytes and lives as long as this object.
        var tail = new ReadOnlySpan<byte>((byte*)_mapping.Start + _mapping.Length - ShadowBytes, (int)ShadowBytes);
        tail.CopyTo(memory.Slice(MemoryLayout.FirmwareShadow, (uint)ShadowBytes));
    }

    public void Dispose() => _mapping.Dispose();
}
