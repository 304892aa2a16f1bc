using System.IO.Pipelines;
using Appliance.Agent.Logging;

namespace Appliance.Agent.Link;

/// <summary>Joins a console's channel with a server's serial port until either side ends.</summary>
internal static class SerialRelay
{
    public static async Task RunAsync(IDuplexPipe channel, Stream port, Log log, CancellationToken ct)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var toPort = channel.Input.CopyToAsync(port, ended.Token);
        var toConsole = port.CopyToAsync(channel.Output, ended.Token);
        await Task.WhenAny(toPort, toConsole);
        await ended.CancelAsync();
        try
        {
            await Task.WhenAll(toPort, toConsole);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            log.Debug($"a serial console ended: {e.Message}");
        }

        await channel.Output.CompleteAsync();
        await channel.Input.CompleteAsync();
        await port.DisposeAsync();
    }
}
