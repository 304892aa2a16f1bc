using System.Runtime.InteropServices;
using Appliance.Agent.Link;
using Appliance.Agent.Logging;

namespace Appliance.Agent.Commands;

/// <summary><c>appliance-agent run</c>: from the data folder to a node that keeps itself as its documents say, controller or not.</summary>
internal static class RunCommand
{
    public static async Task<int> RunAsync(AgentOptions options)
    {
        if (options.Controller is not { } controller)
        {
            await Console.Error.WriteLineAsync("appliance-agent: --controller URL is missing; see appliance-agent --help");
            return 2;
        }

        var log = new Log(Console.Error, options.LogLevel, TimeProvider.System);
        using var folder = DataFolder.Open(options.DataFolder);
        using var stop = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, stop));
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, stop));
        try
        {
            var identities = new IdentityStore(folder.Identity);
            var identity = await FindOrJoinAsync(identities, controller, options, log, stop.Token);
            await using var node = await NodeHost.StartAsync(options, controller, folder, identities, identity, log, stop.Token);
            await Task.Delay(Timeout.Infinite, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            log.Information("stopped; guests run on");
        }

        return 0;
    }

    /// <summary>The stored identity; without one, joins with the token, for as long as the controller cannot be reached.</summary>
    private static async Task<NodeIdentity> FindOrJoinAsync(
        IdentityStore identities, ControllerAddress controller, AgentOptions options, Log log, CancellationToken ct)
    {
        if (identities.Find() is { } present)
        {
            using var authority = present.LoadAuthority();
            return options.JoinToken?.Matches(authority) != false
                ? present
                : throw new EnrolmentRefusedException(
                    $"this node belongs to another site than the join token; 'appliance-agent destroy --data {options.DataFolder}' removes it from there");
        }

        if (options.JoinToken is not { } token)
            throw new EnrolmentRefusedException(
                "this machine is not a node yet: get a token with 'appliance-controller join-token' and give it as --join-token");

        var backoff = new Backoff(Random.Shared);
        while (true)
        {
            try
            {
                var identity = await new Enrolment(controller, identities).JoinAsync(token, options.HostName, ct);
                log.Information($"joined {controller} as {options.HostName}, node {identity.NodeId}");
                return identity;
            }
            catch (IOException e)
            {
                log.Warning("cannot join yet; trying again", e);
                await Task.Delay(backoff.Next(), ct);
            }
        }
    }

    private static void Stop(PosixSignalContext context, CancellationTokenSource stop)
    {
        context.Cancel = true;
        stop.Cancel();
    }
}
