using System.Net.Sockets;
using System.Text;
using Appliance.Linux.Libc;

namespace Appliance.Agent.Compute.Processes;

/// <summary>A hypervisor's process, held by a descriptor so that a reused id cannot be mistaken for it.</summary>
internal sealed class HypervisorProcess : IDisposable
{
    /// <summary>Of what it says on its standard error; the rest is read and dropped, so that it never blocks.</summary>
    private const int MaxErrorBytes = 4096;

    private readonly Socket? _errors;
    private readonly Task _reading;
    private readonly byte[] _text = new byte[MaxErrorBytes];
    private int _length;

    /// <param name="errors">The other end of the process's standard error; null for a process of an earlier agent.</param>
    public HypervisorProcess(GuestProcess identity, Fd descriptor, Fd? errors)
    {
        (Identity, Descriptor) = (identity, descriptor);
        if (errors is not null)
        {
            _errors = new Socket(new SafeSocketHandle(errors.Number, ownsHandle: true));
            errors.SetHandleAsInvalid();
        }

        _reading = _errors is null ? Task.CompletedTask : Task.Run(ReadErrorsAsync);
    }

    public GuestProcess Identity { get; }

    /// <summary>Its pidfd.</summary>
    public Fd Descriptor { get; }

    /// <summary>What it has complained about so far.</summary>
    public string ErrorText => Encoding.UTF8.GetString(_text, 0, Volatile.Read(ref _length)).Trim();

    /// <summary>All it complained about, once it has ended.</summary>
    public async Task<string> ReadErrorsToEndAsync()
    {
        await _reading;
        return ErrorText;
    }

    public void Signal(int signal)
    {
        if (!Descriptor.IsClosed)
            PidFd.Signal(Descriptor, signal);
    }

    /// <summary>Takes the ended process off the process table; null when another agent was its parent.</summary>
    public ProcessEnd? Reap() => ChildProcess.Wait(Identity.ProcessId);

    public void Dispose()
    {
        Descriptor.Dispose();
        _errors?.Dispose();
    }

    private async Task ReadErrorsAsync()
    {
        var rest = new byte[256];
        try
        {
            while (true)
            {
                var room = _length < _text.Length ? _text.AsMemory(_length) : rest;
                var read = await _errors!.ReceiveAsync(room, SocketFlags.None, CancellationToken.None);
                if (read == 0)
                    return;
                if (_length < _text.Length)
                    Volatile.Write(ref _length, _length + read);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Let go of.
        }
    }
}
