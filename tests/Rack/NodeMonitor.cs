using System.Net.Sockets;
using System.Text;

namespace Appliance.RackTests;

/// <summary>QEMU's monitor of an emulated node (qemu-doc, "Human Monitor Protocol"): what its processors are doing, when nothing else says so.</summary>
internal static class NodeMonitor
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>State and registers of all processors; the reason when the monitor does not answer either.</summary>
    public static async Task<string> DescribeProcessorsAsync(string socketPath, CancellationToken ct)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(Patience);
        var said = new StringBuilder();
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), deadline.Token);
            foreach (string command in new[] { "", "info cpus\n", "info registers -a\n" })
            {
                await socket.SendAsync(Encoding.ASCII.GetBytes(command), deadline.Token);
                await ReadToPromptAsync(socket, said, deadline.Token);
            }
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            said.Append($"(monitor: {error.Message})");
        }

        return said.ToString();
    }

    private static async Task ReadToPromptAsync(Socket socket, StringBuilder said, CancellationToken ct)
    {
        byte[] buffer = new byte[16 * 1024];
        do
        {
            int length = await socket.ReceiveAsync(buffer, ct);
            if (length == 0)
                return;
            said.Append(Encoding.ASCII.GetString(buffer, 0, length));
        }
        while (!said.ToString().EndsWith("(qemu) ", StringComparison.Ordinal));
    }
}
