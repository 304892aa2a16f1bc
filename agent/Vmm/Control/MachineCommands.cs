using System.Text.Json;
using Appliance.Vmm.Machine;
using Appliance.Vmm.Virtio;
using Appliance.Vmm.Virtio.Balloon;
using Appliance.Vmm.Virtio.Block;

namespace Appliance.Vmm.Control;

/// <summary>The machine's commands: its life, what it is made of, and its devices' wishes.</summary>
internal sealed class MachineCommands(VirtualMachine machine)
{
    private const long MiB = 1024 * 1024;
    private const int PagesPerMiB = 256;

    public void AddTo(ControlCommands commands)
    {
        commands.Add("query", Query);
        commands.Add("pause", Pause);
        commands.Add("resume", Resume);
        commands.Add("power-button", PressPowerButton);
        commands.Add("reset", Reset);
        commands.Add("stop", Stop);
        commands.Add("balloon", SetBalloon);
        commands.Add("refresh-statistics", RefreshStatistics);
        commands.Add("disk-resized", OnDiskResized);
    }

    /// <summary>The words of the protocol for states and ends.</summary>
    public static string NameOf(MachineState state) => state switch
    {
        MachineState.Made => "made",
        MachineState.Running => "running",
        MachineState.Paused => "paused",
        _ => "ended",
    };

    public static string NameOf(MachineEnd end) => end switch
    {
        MachineEnd.PowerOff => "power-off",
        MachineEnd.Reset => "reset",
        MachineEnd.CpuFailure => "cpu-failure",
        MachineEnd.Migrated => "migrated",
        MachineEnd.Stopped => "stopped",
        _ => "none",
    };

    private ControlError? Query(ControlRequest request, Utf8JsonWriter result)
    {
        result.WriteString("state"u8, NameOf(machine.State));
        if (machine.BusyWith is { } work)
            result.WriteString("busyWith"u8, work);
        result.WriteNumber("memoryBytes"u8, machine.Memory.LengthBytes);
        result.WriteNumber("collections"u8, GC.CollectionCount(0));
        result.WriteNumber("allocatedBytes"u8, GC.GetTotalAllocatedBytes());
        result.WriteStartArray("cpus"u8);
        foreach (var cpu in machine.Cpus)
        {
            result.WriteStartObject();
            result.WriteNumber("number"u8, cpu.Number);
            result.WriteNumber("exits"u8, cpu.Metrics.Exits);
            result.WriteNumber("portExits"u8, cpu.Metrics.PortExits);
            result.WriteNumber("memoryExits"u8, cpu.Metrics.MemoryExits);
            result.WriteNumber("kicks"u8, cpu.Metrics.Kicks);
            result.WriteEndObject();
        }

        result.WriteEndArray();
        result.WriteStartArray("devices"u8);
        foreach (var device in machine.Devices)
            Describe(device, result);
        result.WriteEndArray();
        return null;
    }

    private static void Describe(VirtioDevice device, Utf8JsonWriter result)
    {
        result.WriteStartObject();
        result.WriteString("name"u8, device.Name);
        result.WriteString("kind"u8, device.Kind);
        result.WriteBoolean("isActive"u8, device.IsActive);
        result.WriteBoolean("needsReset"u8, device.NeedsReset);
        result.WriteStartObject("metrics"u8);
        device.ReadMetrics(result.WriteNumber);
        result.WriteEndObject();
        if (device is VirtioBalloon balloon)
            Describe(balloon.Statistics, result);
        result.WriteEndObject();
    }

    private static void Describe(in BalloonStatistics statistics, Utf8JsonWriter result)
    {
        result.WriteStartObject("memory"u8);
        foreach (var (name, value) in statistics.ByName)
        {
            if (value is { } known)
                result.WriteNumber(name, known);
        }

        result.WriteEndObject();
    }

    private ControlError? Pause()
    {
        if (CheckFree() is { } error)
            return error;
        machine.Pause();
        return null;
    }

    private ControlError? Resume()
    {
        if (CheckFree() is { } error)
            return error;
        machine.Resume();
        return null;
    }

    private ControlError? PressPowerButton()
    {
        if (CheckAlive() is { } error)
            return error;
        machine.PressPowerButton();
        return null;
    }

    private ControlError? Reset()
    {
        machine.Reset();
        return null;
    }

    // Only says so: the control loop ends the processors, after this command's answer went out.
    private ControlError? Stop()
    {
        machine.Unplug();
        return null;
    }

    private ControlError? SetBalloon(ControlRequest request, Utf8JsonWriter result)
    {
        if (machine.Devices.OfType<VirtioBalloon>().FirstOrDefault() is not { } balloon)
            return ControlError.NotFound("the machine has no balloon");
        long most = (long)machine.Memory.LengthBytes / MiB;
        if ((CheckFree() ?? request.GetNumber("mebibytes", 0, most, out _)) is { } error)
            return error;
        _ = request.GetNumber("mebibytes", 0, most, out long target);
        balloon.SetTarget((uint)target * PagesPerMiB);
        return null;
    }

    private ControlError? RefreshStatistics()
    {
        if (machine.Devices.OfType<VirtioBalloon>().FirstOrDefault() is not { } balloon)
            return ControlError.NotFound("the machine has no balloon");
        return balloon.RequestStatistics() ? null : ControlError.WrongState("the guest has no balloon driver, or has not answered the last time yet");
    }

    private ControlError? OnDiskResized(ControlRequest request, Utf8JsonWriter result)
    {
        if ((CheckFree() ?? request.GetText("device", out _)) is { } error)
            return error;
        _ = request.GetText("device", out string name);
        if (machine.Devices.OfType<VirtioBlock>().FirstOrDefault(disk => disk.Name == name) is not { } disk)
            return ControlError.NotFound($"the machine has no disk {name}");
        disk.Resize();
        return null;
    }

    // What a snapshot or a migration copies must not change under its hands.
    private ControlError? CheckFree() =>
        CheckAlive() ?? (machine.BusyWith is { } work ? ControlError.Busy($"a {work} is under way") : null);

    private ControlError? CheckAlive() =>
        machine.State == MachineState.Ended ? ControlError.WrongState($"the machine has ended: {NameOf(machine.EndReason)}") : null;
}
