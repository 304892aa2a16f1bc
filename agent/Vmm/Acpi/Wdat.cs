using System.Buffers.Binary;
using Appliance.Vmm.Watchdogs;

namespace Appliance.Vmm.Acpi;

/// <summary>
/// The watchdog action table, by which a guest's driver uses <see cref="Watchdog"/> without knowing it: a list of what to read and write for each
/// action. Microsoft, "Hardware Watchdog Timers Design Specification" 1.01 §2; what Linux reads of it: drivers/watchdog/wdat_wdt.c.
/// </summary>
internal static class Wdat
{
    private const byte Enabled = 1, DoesNotCountInSleep = 0x80;
    private const ushort NoPciSegment = 0xFF;
    private const byte NoPci = 0xFF;
    private const byte SystemIo = 1, DWordAccess = 3;
    private const byte ReadValue = 0, ReadCountdown = 1, WriteValue = 2, WriteCountdown = 3;

    private const byte Reset = 1, QueryCurrent = 4, QueryCountdown = 5, SetCountdown = 6, QueryRunning = 8, SetRunning = 9, QueryStopped = 10,
        SetStopped = 11, QueryStatus = 32, SetStatus = 33;

    private static readonly (byte Action, byte Instruction, int Register, uint Value, uint Mask)[] Entries =
    [
        (Reset, WriteValue, Watchdog.Kick, 1, 1),
        (QueryCurrent, ReadCountdown, Watchdog.Current, 0, Watchdog.MaxPeriods),
        (QueryCountdown, ReadCountdown, Watchdog.Countdown, 0, Watchdog.MaxPeriods),
        (SetCountdown, WriteCountdown, Watchdog.Countdown, 0, Watchdog.MaxPeriods),
        (QueryRunning, ReadValue, Watchdog.Running, 1, 1),
        (SetRunning, WriteValue, Watchdog.Running, 1, 1),
        (QueryStopped, ReadValue, Watchdog.Running, 0, 1),
        (SetStopped, WriteValue, Watchdog.Running, 0, 1),
        (QueryStatus, ReadValue, Watchdog.Fired, 1, 1),
        (SetStatus, WriteValue, Watchdog.Fired, 0, 1),
    ];

    public static byte[] Make()
    {
        var body = new List<byte>();
        Add(body, 32);                                  // of the watchdog header, which this starts
        body.AddRange([NoPciSegment & 0xFF, NoPciSegment >> 8, NoPci, NoPci, NoPci, 0, 0, 0]);
        Add(body, Watchdog.PeriodMilliseconds);
        Add(body, Watchdog.MaxPeriods);
        Add(body, Watchdog.MinPeriods);
        body.AddRange([Enabled | DoesNotCountInSleep, 0, 0, 0]);
        Add(body, (uint)Entries.Length);
        foreach (var entry in Entries)
        {
            body.AddRange([entry.Action, entry.Instruction, 0, 0, SystemIo, 32, 0, DWordAccess]);
            Add(body, (uint)(Watchdog.Start + entry.Register));
            Add(body, 0);                               // upper half of the address
            Add(body, entry.Value);
            Add(body, entry.Mask);
        }

        return AcpiTable.Make("WDAT", 1, body.ToArray());
    }

    private static void Add(List<byte> body, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        body.AddRange(bytes);
    }
}
