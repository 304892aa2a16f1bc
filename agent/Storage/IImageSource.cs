namespace Appliance.Agent.Storage;

/// <summary>Where image bytes come from. Implemented outside: this folder knows nothing of the link.</summary>
internal interface IImageSource
{
    /// <summary>Opens an image's bytes as they were uploaded, from an offset up to the end. The caller disposes the stream.</summary>
    /// <exception cref="IOException">It cannot be reached now.</exception>
    Task<Stream> OpenAsync(string imageId, long offset, CancellationToken ct);
}
