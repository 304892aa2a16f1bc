using Appliance.Linux.Kvm;
using Appliance.Linux.Libc;
using Appliance.Vmm.Memory;
using Appliance.Vmm.Snapshots;

namespace Appliance.Vmm.Generation;

/// <summary>
/// The machine's generation id: a guest that finds another than before knows that it is a copy of an earlier state, and that what it took for
/// unique (seeds of random numbers, leases) is not. Microsoft, "Virtual Machine Generation ID" 1.0; Linux drivers/virt/vmgenid.c. It lies in a page
/// of its own beside RAM, so no firmware or kernel can lose it and no snapshot of RAM contains it.
/// </summary>
internal sealed unsafe class GenerationId : IDisposable, ISavedPart
{
    private const ushort StateVersion = 1;
    private static readonly uint StateTag = StateFormat.Tag("VGEN"u8);

    private const uint PageBytes = 4096;

    // Beyond those of RAM and firmware.
    private const uint MemorySlot = 30;

    private readonly Fd _file = MemoryFiles.Create("generation", PageBytes);
    private readonly MemoryMapping _page;

    public GenerationId(KvmMachine machine)
    {
        _page = MemoryMapping.OfFile(_file, PageBytes);
        machine.SetMemory(MemorySlot, MemoryLayout.GenerationPage, PageBytes, (nint)_page.Start);
    }

    /// <summary>In the byte order of a GUID in memory (RFC 9562's fields, little-endian).</summary>
    public Guid Value
    {
        // SAFETY: the page stays mapped until Dispose, and is larger than a GUID. The guest may write it, which is its own affair.
        get => *(Guid*)_page.Start;
        set => *(Guid*)_page.Start = value;
    }

    /// <summary>An id that no machine had. By getrandom(2): the runtime's own source opens a device, and in a jail there is none.</summary>
    public static Guid Create()
    {
        Span<byte> bytes = stackalloc byte[16];
        Randomness.Fill(bytes);
        return new Guid(bytes);
    }

    public void Save(StateWriter writer)
    {
        writer.Begin(StateTag, 0, StateVersion);
        writer.Put(Value);
    }

    public void Restore(StateReader reader) => Value = reader.Get(StateTag, 0, StateVersion).Take<Guid>();

    public void Dispose()
    {
        _page.Dispose();
        _file.Dispose();
    }
}
