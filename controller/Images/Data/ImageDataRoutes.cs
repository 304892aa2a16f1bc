using System.ComponentModel;
using Appliance.Controller.Http;
using Microsoft.Net.Http.Headers;

namespace Appliance.Controller.Images.Data;

/// <summary>Image data: upload and download. Source: glance/api/v2/image_data.py.</summary>
internal sealed partial class ImageDataRoutes(
    Platform platform, ImageLookup images, ImageFiles files, ImageInspector inspector, ILogger<ImageDataRoutes> log)
{
    public void Map(ApiRoutes v2)
    {
        v2.Put("/images/{image_id}/file", UploadAsync).Allow("upload_image");
        v2.Get("/images/{image_id}/file", DownloadAsync).Allow("download_image");
    }

    private async Task<ApiResult> UploadAsync(ApiRequest request, CancellationToken ct)
    {
        if (request.Http.Request.ContentType != "application/octet-stream")
            return new Fault(FaultKind.UnsupportedMediaType, "The request body must be of type application/octet-stream.");
        if ((await images.FindVisibleAsync(request, ct)).Failed(out var missing, out var found))
            return missing;
        if (await FindLimitAsync(found, ct) is var maxBytes && request.Http.Request.ContentLength > maxBytes)
            return TooLarge(maxBytes);

        var started = await images.ChangeAsync(request, "upload_image", "upload", static image =>
            ImageRules.CheckUpload(image) is { } refused ? refused : image with { Status = ImageStatus.Saving }, ct);
        if (started.Failed(out var fault, out var image))
            return fault;

        return await StoreAsync(request, image, maxBytes, ct);
    }

    private async Task<ApiResult> StoreAsync(ApiRequest request, Image image, long maxBytes, CancellationToken ct)
    {
        try
        {
            StoredData data;
            using (var file = files.Create(image.Id))
                data = await ImageUpload.StoreAsync(request.Http.Request.BodyReader, file, maxBytes, ct);
            var inspection = await inspector.InspectAsync(files.PathOf(image.Id), image.DiskFormat!, data.SizeBytes, ct);
            if (inspection.Refusal is { } refusal)
                return await GiveUpAsync(request, image, new Fault(FaultKind.UnsupportedMediaType, refusal));
            return await FinishAsync(request, image, data, inspection);
        }
        catch (ImageTooLargeException)
        {
            return await GiveUpAsync(request, image, TooLarge(maxBytes));
        }
        catch (Exception e) when (e is OperationCanceledException or Microsoft.AspNetCore.Connections.ConnectionResetException or IOException
            or Win32Exception or BadHttpRequestException)
        {
            LogBroken(e, image.Id);
            return await GiveUpAsync(request, image, e is Win32Exception
                ? new Fault(FaultKind.Unavailable, "Images cannot be inspected on this site: bubblewrap or qemu-utils is not installed.", e.Message)
                : new Fault(FaultKind.Invalid, $"The upload of image {image.Id} did not arrive whole."));
        }
    }

    private async Task<ApiResult> FinishAsync(ApiRequest request, Image image, StoredData data, Inspection inspection)
    {
        var active = image with
        {
            Status = ImageStatus.Active,
            SizeBytes = data.SizeBytes,
            VirtualSizeBytes = inspection.VirtualSizeBytes,
            Checksum = data.Md5,
            HashValue = data.Sha512,
            InspectionFault = inspection.Fault,
        };
        var outcome = await images.ChangeAsync(request, "upload_image", "activate", current => current.Status == ImageStatus.Saving
            ? active with
            {
                // What was changed during the upload stays changed.
                Name = current.Name,
                Owner = current.Owner,
                Visibility = current.Visibility,
                IsProtected = current.IsProtected,
                IsHidden = current.IsHidden,
                MinDiskGiB = current.MinDiskGiB,
                MinRamMiB = current.MinRamMiB,
                Tags = current.Tags,
                Properties = current.Properties,
                Generation = current.Generation,
            }
            : new Fault(FaultKind.Gone, $"Image {image.Id} is no longer being uploaded."), CancellationToken.None);
        if (!outcome.Failed(out var fault, out _))
            return ApiResult.NoContent;

        files.Delete(image.Id);
        return fault.Kind == FaultKind.NotFound
            ? new Fault(FaultKind.Gone, $"Image {image.Id} could not be found after upload. The image may have been deleted during the upload.")
            : fault;
    }

    private async Task<Fault> GiveUpAsync(ApiRequest request, Image image, Fault fault)
    {
        files.Delete(image.Id);
        await images.ChangeAsync(request, "upload_image", "upload-failed", static current =>
            current.Status == ImageStatus.Saving ? current with { Status = ImageStatus.Queued } : current, CancellationToken.None);
        return fault;
    }

    private async Task<ApiResult> DownloadAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await images.FindVisibleAsync(request, ct)).Failed(out var missing, out var image))
            return missing;
        if (ImageRules.CheckDownload(image, request.Caller) is { } refused)
            return refused;
        if (image.Status is ImageStatus.Queued or ImageStatus.Saving)
            return ApiResult.NoContent;
        if (files.TryOpen(image.Id) is not { } file)
            return new Fault(FaultKind.NotFound, $"Image {image.Id} has no data.", $"file of active image {image.Id} is missing");

        if (ByteRange.Read(request.Http.Request.Headers.Range, image.SizeBytes!.Value).Failed(out var badRange, out var range))
        {
            file.Dispose();
            request.Http.Response.Headers.ContentRange = $"bytes */{image.SizeBytes}";
            return badRange;
        }

        return ApiResult.Custom(async (http, token) =>
        {
            using (file)
            {
                var response = http.Response;
                response.StatusCode = range.IsWhole ? StatusCodes.Status200OK : StatusCodes.Status206PartialContent;
                response.ContentType = "application/octet-stream";
                response.ContentLength = range.Length;
                if (range.IsWhole)
                    response.Headers[HeaderNames.ContentMD5] = image.Checksum;
                else
                    response.Headers.ContentRange = $"bytes {range.Offset}-{range.Offset + range.Length - 1}/{image.SizeBytes}";
                await ImageDownload.SendAsync(file, range.Offset, range.Length, response.BodyWriter, token);
            }
        });
    }

    private async Task<long> FindLimitAsync(Image image, CancellationToken ct)
    {
        if (platform.Options.ImageStorageQuotaBytes is not { } quota)
            return platform.Options.ImageSizeCapBytes;
        var used = await platform.Database.ReadAsync((tx, token) => ImageStore.SumSizesAsync(tx, image.Owner, token), ct);
        return Math.Min(platform.Options.ImageSizeCapBytes, Math.Max(0, quota - used));
    }

    private static Fault TooLarge(long maxBytes) => new(FaultKind.TooLarge,
        $"Denying attempt to upload image larger than {maxBytes} bytes: the size cap or what is left of the project's storage quota.");

    [LoggerMessage(Level = LogLevel.Information, Message = "upload of image {ImageId} broke off")]
    private partial void LogBroken(Exception exception, string imageId);
}
