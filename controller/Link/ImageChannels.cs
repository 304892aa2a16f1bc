using Appliance.Controller.Data;
using Appliance.Protocol.Link;
using Nerdbank.Streams;

namespace Appliance.Controller.Link;

/// <summary>
/// Serves the channels <c>image/{id}/{offset}</c> of one node: the bytes of an image that a server of this node is made from, straight from its
/// file into the connection.
/// </summary>
internal sealed partial class ImageChannels(Database database, string nodeId, IImageContent? images, ILogger log)
{
    private const int ChunkBytes = 64 * 1024;

    /// <summary>Accepts and serves an offered channel, or rejects it; ends with the channel.</summary>
    public async Task ServeAsync(MultiplexingStream multiplexer, ulong channelId, string name, CancellationToken ct)
    {
        try
        {
            await using var data = await OpenAsync(name, ct);
            if (data is null)
            {
                multiplexer.RejectChannel(channelId);
                return;
            }

            var channel = multiplexer.AcceptChannel(channelId);
            int count;
            do
            {
                count = await data.ReadAsync(channel.Output.GetMemory(ChunkBytes), ct);
                channel.Output.Advance(count);
            }
            while (!(await channel.Output.FlushAsync(ct)).IsCompleted && count > 0);
            await channel.Output.CompleteAsync();
            await channel.Input.CompleteAsync();
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            LogFailure(e, name, nodeId);
        }
        catch (Exception)
        {
            // The connection is over; the node asks again from where it got to.
        }
    }

    private async Task<Stream?> OpenAsync(string name, CancellationToken ct)
    {
        if (images is null || name[LinkChannels.Image.Length..].Split('/') is not [var imageId, var offsetText]
            || !long.TryParse(offsetText, NumberStyles.None, CultureInfo.InvariantCulture, out var offset))
            return null;
        if (!await database.ReadAsync((tx, token) => DesiredDocuments.UsesImageAsync(tx, nodeId, imageId, token), ct)
            || await images.OpenAsync(imageId, ct) is not { } data)
        {
            LogRefused(name, nodeId);
            return null;
        }

        if (offset <= data.Length)
        {
            data.Position = offset;
            return data;
        }

        await data.DisposeAsync();
        return null;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Channel} to node {NodeId} failed")]
    private partial void LogFailure(Exception exception, string channel, string nodeId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Channel} was refused to node {NodeId}: no server of it uses the image, or the image is gone")]
    private partial void LogRefused(string channel, string nodeId);
}
