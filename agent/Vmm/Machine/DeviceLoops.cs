using Appliance.Vmm.Events;
using Appliance.Vmm.Virtio;

namespace Appliance.Vmm.Machine;

/// <summary>The threads of devices that have one each, disks and network interfaces; with the devices they come and go. Of the control thread.</summary>
internal sealed class DeviceLoops(VirtualMachine machine) : IDisposable
{
    private readonly Dictionary<VirtioDevice, EventLoop> _loops = [];
    private bool _isRunning;

    /// <summary>Adds a device to the machine, with a thread of its own. Taken over, also when that fails.</summary>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    /// <exception cref="InvalidOperationException">The machine has no room for it.</exception>
    /// <param name="place">On the bus; null for the next.</param>
    public void Add(VirtioDevice device, string name, int? place = null)
    {
        var loop = new EventLoop(name);
        try
        {
            machine.Add(device, loop, name, place);
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            device.Dispose();
            loop.Dispose();
            throw;
        }

        _loops.Add(device, loop);
        if (_isRunning)
            loop.Start();
    }

    public void Start()
    {
        _isRunning = true;
        foreach (var loop in _loops.Values)
            loop.Start();
    }

    /// <summary>The threads work no more; before the machine is disposed, as its devices' threads must not meet what is disposed.</summary>
    public void Stop()
    {
        foreach (var loop in _loops.Values)
            loop.Halt();
    }

    /// <summary>Removes from the machine what its guest has let go, with the threads; called for each when it is gone.</summary>
    public void RemoveEjected(Action<VirtioDevice> removed)
    {
        foreach (var device in machine.TakeEjected())
        {
            // First the thread: it may be about to call the device, whose descriptors are closed then.
            bool hadLoop = _loops.Remove(device, out var loop);
            if (hadLoop)
                loop!.Halt();
            machine.Remove(device);
            loop?.Dispose();
            removed(device);
        }
    }

    public void Dispose()
    {
        foreach (var loop in _loops.Values)
            loop.Dispose();
        _loops.Clear();
    }
}
