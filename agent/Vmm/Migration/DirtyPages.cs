using System.Numerics;
using System.Runtime.InteropServices;
using Appliance.Linux.Kvm;
using Appliance.Vmm.Memory;

namespace Appliance.Vmm.Migration;

/// <summary>
/// Which pages of a machine differ from what was copied: those its processors wrote (KVM's log) and those its devices wrote (<see cref="WriteLog"/>).
/// Of one thread. Bits are by guest address, the hole included.
/// </summary>
internal sealed unsafe class DirtyPages : IDisposable
{
    private const uint PageBytes = 4096;

    private readonly GuestMemory _memory;
    private readonly KvmMachine _machine;
    private readonly WriteLog _writes;
    private readonly bool _clearsByHand;
    private readonly Slot[] _slots;

    // One slot of KVM's: RAM below the hole, or above it.
    private sealed class Slot(uint number, ulong firstPage, ulong pages) : IDisposable
    {
        public readonly uint Number = number;
        public readonly ulong FirstPage = firstPage;
        public readonly ulong Pages = pages;
        public readonly int Words = (int)((pages + 63) / 64);

        // To be sent; and as KVM gave them, for clearing by hand.
        public ulong* Pending = (ulong*)NativeMemory.AllocZeroed((nuint)((pages + 63) / 64), sizeof(ulong));
        public ulong* Logged = (ulong*)NativeMemory.AllocZeroed((nuint)((pages + 63) / 64), sizeof(ulong));

        public void Dispose()
        {
            NativeMemory.Free(Pending);
            NativeMemory.Free(Logged);
            Pending = Logged = null;
        }
    }

    /// <summary>Begins to record. While the machine is paused.</summary>
    public DirtyPages(GuestMemory memory, KvmMachine machine)
    {
        (_memory, _machine) = (memory, machine);
        _clearsByHand = machine.TryClearByHand();
        _writes = memory.StartWriteLog();
        memory.AttachTo(machine, logDirtyPages: true);
        var low = new Slot(0, 0, memory.LowEnd / PageBytes);
        _slots = memory.LengthBytes == memory.LowEnd
            ? [low]
            : [low, new Slot(1, MemoryLayout.HoleEnd / PageBytes, (memory.HighEnd - MemoryLayout.HoleEnd) / PageBytes)];
    }

    /// <summary>Marks all RAM that holds anything.</summary>
    public void AddAll()
    {
        for (ulong position = 0; position < _memory.LengthBytes;)
        {
            position = _memory.NextData(position, out ulong length);
            if (length == 0)
                break;
            Add(_memory.AddressOf(position) / PageBytes, length / PageBytes);
            position += length;
        }
    }

    /// <summary>Adds what was written since the last time.</summary>
    /// <returns>Pages to be sent in all.</returns>
    public long Collect()
    {
        long count = 0;
        foreach (var slot in _slots)
        {
            var logged = new Span<ulong>(slot.Logged, slot.Words);
            var pending = new Span<ulong>(slot.Pending, slot.Words);
            _machine.GetDirtyLog(slot.Number, logged);
            for (int i = 0; i < logged.Length; i++)
                pending[i] |= logged[i];
            _writes.MoveTo(slot.FirstPage, pending);
            foreach (ulong word in pending)
                count += BitOperations.PopCount(word);
        }

        return count;
    }

    /// <summary>
    /// Takes the next run of pages to be sent, and lets KVM watch them again: what is written from here on is dirty anew. Read the pages after this.
    /// </summary>
    /// <param name="cursor">0 at the start of a pass.</param>
    /// <returns>False: there is none behind the cursor.</returns>
    public bool TryTake(ref long cursor, int most, out ulong address, out int pages)
    {
        long before = 0;
        foreach (var slot in _slots)
        {
            if (cursor < before + (long)slot.Pages && TryTakeFrom(slot, (ulong)(cursor - before), most, out ulong first, out pages))
            {
                cursor = before + (long)first + pages;
                address = (slot.FirstPage + first) * PageBytes;
                return true;
            }

            before += (long)slot.Pages;
            cursor = Math.Max(cursor, before);
        }

        (address, pages) = (0, 0);
        return false;
    }

    /// <summary>Ends recording. While the machine is paused, or has ended.</summary>
    public void Dispose()
    {
        _memory.AttachTo(_machine);
        _memory.StopWriteLog();
        foreach (var slot in _slots)
            slot.Dispose();
    }

    private bool TryTakeFrom(Slot slot, ulong from, int most, out ulong first, out int pages)
    {
        (first, pages) = (from, 0);
        while (first < slot.Pages && !IsPending(slot, first))
            first = (slot.Pending[first / 64] >> (int)(first % 64)) == 0 ? (first / 64 + 1) * 64 : first + 1;
        if (first >= slot.Pages)
            return false;
        while (pages < most && first + (ulong)pages < slot.Pages && IsPending(slot, first + (ulong)pages))
        {
            ulong page = first + (ulong)pages;
            slot.Pending[page / 64] &= ~(1UL << (int)(page % 64));
            pages++;
        }

        if (_clearsByHand)
            ClearLogged(slot, first, pages);
        return true;
    }

    // The kernel takes whole words of 64 pages; bits of pages that are not being taken stay out of the copy it gets.
    private void ClearLogged(Slot slot, ulong first, int pages)
    {
        ulong word = first / 64, last = (first + (ulong)pages - 1) / 64;
        for (; word <= last; word++)
        {
            ulong mask = ulong.MaxValue;
            if (word == first / 64)
                mask &= ulong.MaxValue << (int)(first % 64);
            if (word == last)
                mask &= ulong.MaxValue >> (int)(63 - (first + (ulong)pages - 1) % 64);
            ulong bits = slot.Logged[word] & mask;
            if (bits == 0)
                continue;
            uint count = (uint)Math.Min(64, slot.Pages - word * 64);
            _machine.ClearDirtyLog(slot.Number, word * 64, count, new ReadOnlySpan<ulong>(in bits));
        }
    }

    private static bool IsPending(Slot slot, ulong page) => (slot.Pending[page / 64] & (1UL << (int)(page % 64))) != 0;

    private void Add(ulong firstPage, ulong pages)
    {
        foreach (var slot in _slots)
        {
            for (ulong page = Math.Max(firstPage, slot.FirstPage); page < Math.Min(firstPage + pages, slot.FirstPage + slot.Pages); page++)
                slot.Pending[(page - slot.FirstPage) / 64] |= 1UL << (int)((page - slot.FirstPage) % 64);
        }
    }
}
