using System.Text.Json;
using Appliance.Linux.Libc;
using Appliance.Linux.Netlink.Route;
using Appliance.Vmm.Machine;
using Appliance.Vmm.Virtio;
using Appliance.Vmm.Virtio.Block;
using Appliance.Vmm.Virtio.Net;
using Appliance.Vmm.Virtio.RateLimits;

namespace Appliance.Vmm.Control;

/// <summary>Disks and network interfaces that come and go while the guest runs. Both come as descriptors: nothing is opened here.</summary>
internal sealed class DeviceCommands(VirtualMachine machine, DeviceLoops loops)
{
    private const ushort MinMtu = 1280;
    private const ushort DefaultMtu = 1500;
    private const long BurstsPerSecond = 10;

    public void AddTo(ControlCommands commands)
    {
        commands.Add("attach-disk", AttachDisk);
        commands.Add("attach-net", AttachNet);
        commands.Add("detach", Detach);
    }

    private ControlError? AttachDisk(ControlRequest request, Utf8JsonWriter result)
    {
        if (CheckAttach(request, out string name) is { } refused)
            return refused;
        if (request.GetFlag("readOnly", out bool isReadOnly) is { } wrong)
            return wrong;
        if (GetLimit(request, "", out var limit) is { } beyond)
            return beyond;
        return Attach(name, request, descriptor =>
        {
            // io_uring fails what it cannot do at once on a descriptor that must not wait.
            UnixStreams.SetNonBlocking(descriptor, false);
            return new VirtioBlock(descriptor, isReadOnly, name, limit: limit);
        });
    }

    private ControlError? AttachNet(ControlRequest request, Utf8JsonWriter result)
    {
        if (CheckAttach(request, out string name) is { } refused)
            return refused;
        if (request.GetText("mac", out string text) is { } missing)
            return missing;
        if (!MacText.TryParse(text, out byte[] mac) || (mac[0] & 1) != 0)
            return ControlError.BadRequest("'mac' is an Ethernet address, 52:54:00:12:34:56, of one station");
        if (request.GetNumber("mtu", MinMtu, ushort.MaxValue, DefaultMtu, out long mtu) is { } wrong)
            return wrong;
        if ((GetLimit(request, "receive", out var receiving) ?? GetLimit(request, "send", out _)) is { } beyond)
            return beyond;
        _ = GetLimit(request, "send", out var sending);
        return Attach(name, request, descriptor =>
        {
            UnixStreams.SetNonBlocking(descriptor);
            return new VirtioNet(descriptor, mac, (ushort)mtu, receiving, sending);
        });
    }

    private ControlError? Detach(ControlRequest request, Utf8JsonWriter result)
    {
        if (machine.BusyWith is { } work)
            return ControlError.Busy($"a {work} is under way");
        if (request.GetText("device", out string name) is { } error)
            return error;
        if (Find(name) is not { } device)
            return ControlError.NotFound($"the machine has no device {name}");
        return machine.RequestRemoval(device) ? null : ControlError.WrongState("memory-mapped devices stay as long as their machine");
    }

    private ControlError? CheckAttach(ControlRequest request, out string name)
    {
        if (machine.BusyWith is { } work)
        {
            name = "";
            return ControlError.Busy($"a {work} is under way");
        }

        if (request.GetText("device", out name) is { } error)
            return error;
        if (Find(name) is not null)
            return ControlError.WrongState($"the machine has a device {name}");
        return machine.State == MachineState.Ended ? ControlError.WrongState("the machine has ended") : request.CheckDescriptors(1);
    }

    private ControlError? Attach(string name, ControlRequest request, Func<Fd, VirtioDevice> make)
    {
        var descriptor = request.Descriptors[0];
        try
        {
            var device = make(descriptor);
            request.Descriptors.Clear();                // the device's now
            loops.Add(device, name);
            return null;
        }
        catch (LinuxException error)
        {
            return ControlError.Failed(error.Message);
        }
        catch (InvalidOperationException error)
        {
            return ControlError.WrongState(error.Message);
        }
    }

    /// <summary>Limits as <c>{direction}OperationsPerSecond</c> and <c>{direction}BytesPerSecond</c>; a tenth of a second's worth may come at once.</summary>
    private static ControlError? GetLimit(ControlRequest request, string direction, out RateLimit limit)
    {
        limit = default;
        string operationsName = direction.Length == 0 ? "operationsPerSecond" : direction + "OperationsPerSecond";
        string bytesName = direction.Length == 0 ? "bytesPerSecond" : direction + "BytesPerSecond";
        if (request.GetNumber(operationsName, 1, Rate.Max, 0, out long operations) is { } wrong)
            return wrong;
        if (request.GetNumber(bytesName, 1, Rate.Max, 0, out long bytes) is { } beyond)
            return beyond;
        limit = new RateLimit(RateOf(operations), RateOf(bytes));
        return null;
    }

    private static Rate? RateOf(long perSecond) => perSecond == 0 ? null : new Rate(perSecond, Math.Max(1, perSecond / BurstsPerSecond));

    private VirtioDevice? Find(string name)
    {
        foreach (var device in machine.Devices)
        {
            if (device.Name == name)
                return device;
        }

        return null;
    }
}
