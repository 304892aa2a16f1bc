using System.Diagnostics;
using Appliance.Vmm.Machine;

namespace Appliance.Vmm.Migration;

/// <summary>
/// Holds a guest's processors up for a part of every period, so that it writes less than can be sent. Driven by <see cref="Turn"/>, which the sender
/// calls often; devices go on. Of one thread.
/// </summary>
internal sealed class CpuThrottle(VirtualMachine machine)
{
    // As QEMU begins and goes on (migration parameters cpu-throttle-initial and -increment).
    private const int FirstPercent = 20;
    private const int StepPercent = 10;
    private const int MostPercent = 99;

    private const double PeriodMilliseconds = 50;

    private readonly long _begin = Stopwatch.GetTimestamp();
    private bool _holds;

    /// <summary>Of the time; 0 for no throttle.</summary>
    public int Percent { get; private set; }

    public void Increase() => Percent = Percent == 0 ? FirstPercent : Math.Min(Percent + StepPercent, MostPercent);

    public void Turn()
    {
        double at = Stopwatch.GetElapsedTime(_begin).TotalMilliseconds % PeriodMilliseconds;
        Hold(at < PeriodMilliseconds * Percent / 100);
    }

    /// <summary>Lets the processors run again.</summary>
    public void Release()
    {
        Percent = 0;
        Hold(false);
    }

    private void Hold(bool holds)
    {
        if (holds == _holds)
            return;
        _holds = holds;
        machine.HoldCpus(holds);
    }
}
