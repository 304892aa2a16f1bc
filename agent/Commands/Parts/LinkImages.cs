using Appliance.Agent.Link;
using Appliance.Agent.Storage;

namespace Appliance.Agent.Commands.Parts;

/// <summary>Fetches images over the link; waits for the link when there is none.</summary>
internal sealed class LinkImages : IImageSource
{
    /// <summary>Set at composition, before the first server is made.</summary>
    public ControllerLink? Link { get; set; }

    public Task<Stream> OpenAsync(string imageId, long offset, CancellationToken ct) =>
        (Link ?? throw new InvalidOperationException("no link yet")).OpenImageAsync(imageId, offset, ct);
}
