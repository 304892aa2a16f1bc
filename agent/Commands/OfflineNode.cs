using System.Diagnostics;
using Appliance.Agent.Compute;
using Appliance.Agent.Logging;
using Appliance.Agent.Node.Documents;
using Appliance.Agent.Storage;
using Appliance.Protocol;

namespace Appliance.Agent.Commands;

/// <summary>A node's parts without link and loop, for the commands that end it.</summary>
internal static class OfflineNode
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    public static Task<NodeParts> CreateAsync(
        AgentOptions options, DataFolder folder, DesiredState desired, Action<ObjectStatus> report, Log log)
    {
        // What has no network of its own is a simulated node, whatever the options say.
        var effective = folder.HasNetwork ? options : options with { Driver = DriverNames.Simulated };
        var seams = new NodeSeams(() => desired, new NoPorts(), new NoImages(), report, static _ => { });
        return NodeParts.CreateAsync(effective, folder, seams, log, CancellationToken.None);
    }

    /// <exception cref="IOException">It did not come true in time.</exception>
    public static async Task AwaitAsync(Func<bool> condition, TimeSpan deadline, string what)
    {
        var started = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(started) > deadline)
                throw new IOException($"waited {deadline.TotalMinutes:0} minutes for {what}; run the command again, or look at the processes");
            await Task.Delay(Look);
        }
    }

    private sealed class NoPorts : IPortDevices
    {
        public event Action<string>? Changed
        {
            add { }
            remove { }
        }

        public PortDevice? Find(string portId) => null;
    }

    private sealed class NoImages : IImageSource
    {
        public Task<Stream> OpenAsync(string imageId, long offset, CancellationToken ct) => throw new IOException("there is no controller here");
    }
}
