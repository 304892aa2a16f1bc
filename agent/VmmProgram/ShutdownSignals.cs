using System.Runtime.InteropServices;
using Appliance.Linux.Libc;

namespace Appliance.VmmProgram;

/// <summary>SIGTERM and SIGINT as something an event loop can wait for.</summary>
internal sealed class ShutdownSignals : IDisposable
{
    private readonly EventFd _event = new();
    private readonly PosixSignalRegistration[] _registrations;
    private bool _isPending;

    public ShutdownSignals() => _registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
        PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
    ];

    public Fd Descriptor => _event.Descriptor;

    /// <summary>One has come since the last <see cref="Clear"/>.</summary>
    public bool IsPending => Volatile.Read(ref _isPending);

    public void Clear()
    {
        Volatile.Write(ref _isPending, false);
        _event.Clear();
    }

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        _event.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        Volatile.Write(ref _isPending, true);
        _event.Signal();
    }
}
