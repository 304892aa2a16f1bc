namespace Appliance.Vmm.Migration;

/// <summary>How far a migration is; written by its thread, read by anyone.</summary>
internal sealed class MigrationProgress
{
    /// <summary>Passes over memory begun; the first sends all of it.</summary>
    public long Passes;

    public long SentBytes;

    /// <summary>Bytes that are known to differ still.</summary>
    public long RemainingBytes;

    /// <summary>What the last pass achieved.</summary>
    public long BytesPerSecond;

    /// <summary>Part of the time that the guest's processors are held up.</summary>
    public long ThrottlePercent;

    /// <summary>How long the machine would stand still if it were stopped now.</summary>
    public long ExpectedDowntimeMilliseconds;

    /// <summary>How long it stood still; 0 before.</summary>
    public long DowntimeMilliseconds;

    /// <summary>Gives each count with its name in the control protocol.</summary>
    public void Read(Action<string, long> read)
    {
        read("passes", Volatile.Read(ref Passes));
        read("sentBytes", Volatile.Read(ref SentBytes));
        read("remainingBytes", Volatile.Read(ref RemainingBytes));
        read("bytesPerSecond", Volatile.Read(ref BytesPerSecond));
        read("throttlePercent", Volatile.Read(ref ThrottlePercent));
        read("expectedDowntimeMilliseconds", Volatile.Read(ref ExpectedDowntimeMilliseconds));
        read("downtimeMilliseconds", Volatile.Read(ref DowntimeMilliseconds));
    }
}
