using System.Diagnostics;
using Appliance.Linux.Libc;
using Appliance.Vmm.Machine;
using Appliance.Vmm.Memory;
using Appliance.Vmm.Snapshots;

namespace Appliance.Vmm.Control;

/// <summary>The command that saves a machine, to be restored any number of times.</summary>
internal sealed class SnapshotCommands(VirtualMachine machine, MachineJob job)
{
    public void AddTo(ControlCommands commands) => commands.Add("snapshot", (request, _) => Start(request));

    private ControlError? Start(ControlRequest request)
    {
        if ((request.CheckDescriptors(2) ?? request.GetFlag("stay-paused", out _)) is { } error)
            return error;
        _ = request.GetFlag("stay-paused", out bool staysPaused);
        var (state, memory) = (request.Descriptors[0], request.Descriptors[1]);
        if (job.Start("snapshot", request, Work) is { } refused)
            return refused;
        request.Descriptors.Clear();        // the job's now
        return null;

        ControlError? Work(out Action<System.Text.Json.Utf8JsonWriter>? result)
        {
            using (state)
            using (memory)
                return Save(state, memory, staysPaused, out result);
        }
    }

    private ControlError? Save(Fd state, Fd memory, bool staysPaused, out Action<System.Text.Json.Utf8JsonWriter>? result)
    {
        long begin = Stopwatch.GetTimestamp();
        bool wasRunning = machine.State == MachineState.Running;
        long stateBytes, memoryBytes;
        machine.Pause();
        try
        {
            using var writer = new StateWriter();
            machine.Save(writer);
            var bytes = writer.Finish();
            stateBytes = bytes.Length;
            FileData.SetLength(state, 0);
            FileData.WriteAt(state, 0, bytes);
            memoryBytes = MemoryImage.Write(machine.Memory, memory, () => job.IsCancelled);
        }
        finally
        {
            if (wasRunning && !staysPaused)
                machine.Resume();
        }

        long paused = (long)Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
        FileData.Flush(memory);
        FileData.Flush(state);
        result = members =>
        {
            members.WriteNumber("stateBytes"u8, stateBytes);
            members.WriteNumber("memoryBytes"u8, memoryBytes);
            members.WriteNumber("pausedMilliseconds"u8, paused);
        };
        return job.IsCancelled ? ControlError.Failed("the snapshot was cancelled") : null;
    }
}
