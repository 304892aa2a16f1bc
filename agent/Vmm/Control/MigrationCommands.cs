using System.Text.Json;
using Appliance.Linux.Libc;
using Appliance.Vmm.Machine;
using Appliance.Vmm.Migration;

namespace Appliance.Vmm.Control;

/// <summary>The commands that move the machine to another process.</summary>
internal sealed class MigrationCommands(VirtualMachine machine, MachineJob job)
{
    private const long DefaultDowntimeMilliseconds = 300;
    private const long MostDowntimeMilliseconds = 60_000;
    private const long DefaultPatienceSeconds = 300;
    private const long MostPatienceSeconds = 24 * 3600;

    private MigrationProgress? _progress;

    public void AddTo(ControlCommands commands)
    {
        commands.Add("migrate", (request, _) => Start(request));
        commands.Add("migrate-cancel", Cancel);
        commands.Add("migration", (_, result) => Describe(result));
    }

    private ControlError? Start(ControlRequest request)
    {
        if (Read(request, out var options) is { } wrong)
            return wrong;
        var stream = request.Descriptors[0];
        var progress = new MigrationProgress();
        if (job.Start("migration", request, Work) is { } refused)
            return refused;
        _progress = progress;
        request.Descriptors.Clear();        // the job's now
        return null;

        ControlError? Work(out Action<Utf8JsonWriter>? result)
        {
            using var source = new MigrationSource(machine, stream, options!, progress, () => job.IsCancelled);
            result = members => progress.Read(members.WriteNumber);
            try
            {
                source.Run();
            }
            catch (MigrationException failure)
            {
                return ControlError.Failed(failure.Message);
            }

            job.Ended = machine.HandOver;
            return null;
        }
    }

    private static ControlError? Read(ControlRequest request, out MigrationOptions? options)
    {
        options = null;
        if (request.CheckDescriptors(1) is { } noStream)
            return noStream;
        if (request.GetNumber("downtime-milliseconds", 1, MostDowntimeMilliseconds, DefaultDowntimeMilliseconds, out long downtime) is { } noDowntime)
            return noDowntime;
        if (request.GetNumber("patience-seconds", 1, MostPatienceSeconds, DefaultPatienceSeconds, out long patience) is { } noPatience)
            return noPatience;
        if (request.GetFlag("throttle", out bool throttles) is { } noThrottle)
            return noThrottle;
        if (request.GetFlag("force", out bool forces) is { } noForce)
            return noForce;
        options = new MigrationOptions(TimeSpan.FromMilliseconds(downtime), TimeSpan.FromSeconds(patience), throttles, forces);
        return null;
    }

    private ControlError? Cancel()
    {
        if (machine.BusyWith != "migration")
            return ControlError.WrongState("no migration is under way");
        job.Cancel();
        return null;
    }

    private ControlError? Describe(Utf8JsonWriter result)
    {
        if (_progress is not { } progress)
            return ControlError.WrongState("there was no migration");
        result.WriteBoolean("isUnderWay"u8, machine.BusyWith == "migration");
        progress.Read(result.WriteNumber);
        return null;
    }
}
