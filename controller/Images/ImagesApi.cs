using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Images.Data;
using Appliance.Controller.Images.Members;
using Appliance.Controller.Images.Tags;
using Appliance.Controller.Link;

namespace Appliance.Controller.Images;

/// <summary>The image service (Glance, API v2).</summary>
internal sealed class ImagesApi : ApiService, IImageContent
{
    private readonly Platform _platform;
    private readonly ImageLookup _images;
    private readonly ImageFiles _files;

    public ImagesApi(Platform platform)
    {
        _platform = platform;
        _images = new ImageLookup(platform);
        _files = new ImageFiles(Path.Combine(platform.Options.DataFolder, "images"));
    }

    public override string Name => "glance";
    public override string Prefix => "/image";
    public override IReadOnlyList<CatalogEntry> Catalog { get; } = [new("image", "glance", "/image")];
    public override IReadOnlyList<ComponentSchema> Schemas => [ImageStore.Schema];

    public override void Map(ApiRoutes routes)
    {
        ImageVersions.Map(routes);
        var v2 = routes.Group("/v2");
        var inspector = new ImageInspector(_platform.Logs.CreateLogger<ImageInspector>());
        new ImageRoutes(_platform, _images, _files).Map(v2);
        new ImageDataRoutes(_platform, _images, _files, inspector, _platform.Logs.CreateLogger<ImageDataRoutes>()).Map(v2);
        new MemberRoutes(_platform, _images).Map(v2);
        new TagRoutes(_images).Map(v2);
    }

    public override Task WriteFaultAsync(HttpContext http, Fault fault, CancellationToken ct) => ImageFaults.WriteAsync(http, fault, ct);

    public override async Task StartAsync(CancellationToken ct)
    {
        await _platform.Database.WriteAsync((tx, token) => ImageStore.ResetUploadsAsync(tx, token), ct);
        _files.Clean(await _platform.Database.ReadAsync(ImageStore.ListIdsWithDataAsync, ct));
    }

    public Task<Stream?> OpenAsync(string imageId, CancellationToken ct) => Task.FromResult<Stream?>(_files.TryOpenStream(imageId));
}
